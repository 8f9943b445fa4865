"""Step times in the tables and files of pytest-benchmark: a row for each test, and the gate's own values beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.errors import Unsuitable, one_line
from linbench.core.isolation.isolate import isolate
from linbench.core.problem.workbench import Workbench
from linbench.gate.timing.stepping import Stepping, stepping

if TYPE_CHECKING:
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan
    from linbench.gate.timing.rendering import TimingReport

Benchmark = Any
"""The fixture of pytest-benchmark, which has no types."""

EXTRA = "linbench"
"""Where the `extra_info` of a row has the gate's own values."""

ROUNDS = 200
WARM_UP = 20


def add_row(plan: Plan, benchmark: Callable[[], Benchmark], timing: TimingReport) -> str | None:
    """Let pytest-benchmark time a step of every optimizer that can be stepped, all of them in each round.

    benchmark: gives the fixture, which complains where it is not used. Of a test that calls the gate several times, the
    first call has the row. Returns why it has none, or None; third-party code may raise anything, and a missing row
    fails no test.
    """
    try:
        together = list(_steppings(plan))
        if together:
            _time(together, plan.seeds[0], benchmark(), timing)
    except Exception as error:
        return f"pytest-benchmark has no row of it: {one_line(error)}"
    return None


def _time(together: Sequence[Stepping], seed: int, benchmark: Benchmark, timing: TimingReport) -> None:
    def prepare() -> None:
        for one in together:
            one.prepare()

    def step() -> None:
        for one in together:
            one.step()

    if EXTRA in benchmark.extra_info:
        return
    benchmark.extra_info[EXTRA] = timing.to_dict()
    with isolate(seed, torch.device("cpu"), threads=1):
        benchmark.pedantic(step, setup=prepare, rounds=ROUNDS, warmup_rounds=WARM_UP)


def _steppings(plan: Plan) -> Iterator[Stepping]:
    """As the fresh processes of the gate have them: on the first problem, with the first seed."""
    workbench = Workbench(catalog=plan.catalog)
    by_optimizer: dict[str, list[Case]] = {}
    for case in plan:
        if case.seed == plan.seeds[0] and case.problem is plan.problems[0]:
            by_optimizer.setdefault(case.optimizer.label, []).append(case)
    for cases in by_optimizer.values():
        try:
            one = stepping(cases, workbench)
        except Unsuitable:
            continue
        yield one
