"""From a plan to records: what cannot run is skipped, the rest goes to an engine, then steps are timed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import LinbenchError
from linbench.core.measurement import failed, skipped
from linbench.core.observer import Observer
from linbench.core.record import TRAINED, Record
from linbench.core.timing import step_times, timing_key

if TYPE_CHECKING:
    from linbench.core.engines import Engine
    from linbench.core.plan import Case, Plan
    from linbench.core.workbench import Workbench

EngineName = Literal["auto", "serial"]
ENGINES: Mapping[EngineName, Callable[[], Engine]] = {"auto": SerialEngine, "serial": SerialEngine}


def check_problems(plan: Plan, workbench: Workbench) -> None:
    """Build each problem once, so that unusable data is an error before anything runs.

    Raises LinbenchError; what else a third party's problem raises comes up again when its cases run.
    """
    for choice in plan.problems:
        try:
            problem = workbench.problem(choice, plan.seeds[0])
        except LinbenchError:
            raise
        except Exception:
            continue
        workbench.check_prediction(problem)


def run(
    plan: Iterable[Case],
    workbench: Workbench,
    *,
    engine: EngineName = "auto",
    observer: Observer | None = None,
    trajectories: bool | int = False,
) -> Iterator[Record]:
    """Yield the record of every case, as each is done."""
    observer = observer or Observer()
    runnable: list[Case] = []
    for case in plan:
        record = _refusal(case, workbench)
        if record is None:
            runnable.append(case)
        else:
            observer.finished(record)
            yield record
    for record in ENGINES[engine]().run(runnable, workbench, observer, trajectories):
        observer.finished(record)
        yield record


def with_step_times(plan: Iterable[Case], records: Sequence[Record], workbench: Workbench) -> list[Record]:
    """The same records with the time per step, measured now, once for all cases that differ in seed or lr only."""
    trained = {record.key for record in records if record.status in TRAINED}
    timing_keys: dict[str, Hashable] = {}
    first: dict[Hashable, Case] = {}
    for case in plan:
        key = case.key
        if key in trained:
            timing_keys[key] = timing_key(case)
            first.setdefault(timing_keys[key], case)
    times = step_times(first, workbench)
    return [dataclasses.replace(record, step_time=times.get(timing_keys.get(record.key))) for record in records]


def in_plan_order(plan: Iterable[Case], records: Iterable[Record]) -> list[Record]:
    """Records sorted as the plan's cases are; cases without one are left out."""
    by_key = {record.key: record for record in records}
    return [by_key[case.key] for case in plan if case.key in by_key]


def _refusal(case: Case, workbench: Workbench) -> Record | None:
    try:
        reason = workbench.device(case.device).unavailable()
    except Exception as error:  # third-party code
        return failed(case, error, "none")
    return None if reason is None else skipped(case, reason)
