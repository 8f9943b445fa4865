"""Step times in the tables and files of pytest-benchmark: a row for each test, and the gate's own values beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.errors import Unsuitable, one_line
from linbench.core.isolation.isolate import isolate
from linbench.core.problem.workbench import Workbench
from linbench.gate.timing.stepper import Stepper, make_stepper

if TYPE_CHECKING:
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan
    from linbench.gate.timing.rendering import TimingReport

Benchmark = Any
"""The fixture of pytest-benchmark, which has no types."""

EXTRA = "linbench"
"""The name of the gate's own values in the `extra_info` of a row."""

ROUNDS = 200
WARM_UP = 20


@dataclass(frozen=True, slots=True)
class BenchmarkAccess:
    """A test's access to pytest-benchmark. fixture: gives the fixture, which complains where it is not used then.

    unavailable: why step times cannot be measured in this run of pytest, or None.
    """

    fixture: Callable[[], Benchmark]
    unavailable: str | None = None


def add_row(plan: Plan, access: BenchmarkAccess, timing: TimingReport) -> str | None:
    """Let pytest-benchmark time a step of every optimizer that can be stepped, all of them in each round.

    Of a test that calls the gate several times, the first call has the row. Returns why it has none, or None;
    third-party code may raise anything, and a missing row fails no test.
    """
    try:
        steppers = list(_steppers(plan))
        if steppers:
            _time(steppers, plan.seeds[0], access.fixture(), timing)
    except Exception as error:
        return f"pytest-benchmark has no row of it: {one_line(error)}"
    return None


def _steppers(plan: Plan) -> Iterator[Stepper]:
    """Yield a stepper of each optimizer as the gate's fresh processes have it: first problem, first seed."""
    workbench = Workbench(catalog=plan.catalog)
    by_optimizer: dict[str, list[Case]] = {}
    for case in plan:
        if case.seed == plan.seeds[0] and case.problem is plan.problems[0]:
            by_optimizer.setdefault(case.optimizer.label, []).append(case)
    for cases in by_optimizer.values():
        try:
            stepper = make_stepper(cases, workbench)
        except Unsuitable:
            continue
        yield stepper


def _time(steppers: Sequence[Stepper], seed: int, benchmark: Benchmark, timing: TimingReport) -> None:
    def prepare() -> None:
        for stepper in steppers:
            stepper.prepare()

    def step() -> None:
        for stepper in steppers:
            stepper.step()

    if EXTRA in benchmark.extra_info:
        return
    benchmark.extra_info[EXTRA] = timing.to_dict()
    with isolate(seed, torch.device("cpu"), threads=1):
        benchmark.pedantic(step, setup=prepare, rounds=ROUNDS, warmup_rounds=WARM_UP)
