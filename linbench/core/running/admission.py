"""Which cases can run at all: not those whose device is not there, nor those whose data or model ends the process."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING

from linbench.core.device import why_unavailable
from linbench.core.errors import LinbenchError, UsageError
from linbench.core.isolation.process_state import restore_process_state
from linbench.core.outcome.measurement import failed_record, skipped_record
from linbench.core.running.parts import ProcessLimits, try_apart
from linbench.core.running.pool import can_fork

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case
    from linbench.core.request.choice import Choice
    from linbench.core.request.plan import Plan


def check_problems(plan: Plan, workbench: Workbench, isolation: ProcessLimits | None = None) -> None:
    """Build each problem once, so that unusable data is an error before anything runs.

    isolation: try it in a process of its own before. Raises LinbenchError; what else a third party's problem raises,
    or that it ends its process, comes up again when its cases run.
    """

    def build(choice: Choice) -> object:
        return workbench.problem(choice, plan.seeds[0])

    ends: list[str | None] = [None] * len(plan.problems)
    if isolation is not None and can_fork():
        ends = try_apart(plan.problems, build, isolation)
    for choice, end in zip(plan.problems, ends, strict=True):
        if end is not None:
            continue
        try:
            problem = workbench.problem(choice, plan.seeds[0])
        except LinbenchError:
            raise
        except (Exception, SystemExit):
            continue
        workbench.check_prediction(problem)


def admit(plan: Plan, workbench: Workbench, isolation: ProcessLimits | None = None) -> tuple[list[Case], list[Record]]:
    """Return the cases that can run, and the records of the others.

    isolation: cases are to be kept apart like this, so what they share is tried in a process of its own before.
    Raises UsageError where that cannot be.
    """
    absent = _absent_devices(plan, workbench)
    runnable, refusals = [], []
    for case in plan:
        if case.device.label in absent:
            refusals.append(_refuse(case, absent[case.device.label]))
        else:
            runnable.append(case)
    if isolation is None:
        return runnable, refusals
    _check_forkable(runnable, workbench)
    deadly = _deadly_setups(runnable, workbench, isolation)
    safe = []
    for case in runnable:
        if (end := deadly.get(_setup_key(case))) is None:
            safe.append(case)
        else:
            refusals.append(failed_record(case, end, "none"))
    return safe, refusals


def _absent_devices(plan: Plan, workbench: Workbench) -> Mapping[str, str | BaseException]:
    """Return, by its label, why a device cannot be used: what it says, or what it raised."""
    found: dict[str, str | BaseException] = {}
    for choice in plan.devices:
        try:
            with restore_process_state():
                reason = why_unavailable(workbench.device(choice))
        except (Exception, SystemExit) as error:  # third-party code
            found[choice.label] = error
        else:
            if reason is not None:
                found[choice.label] = reason
    return found


def _refuse(case: Case, why: str | BaseException) -> Record:
    return skipped_record(case, why) if isinstance(why, str) else failed_record(case, why, "none")


def _check_forkable(cases: Sequence[Case], workbench: Workbench) -> None:
    for label, device in {case.device.label: case.device for case in cases}.items():
        if workbench.device(device).torch_device.type != "cpu":
            raise UsageError(f"--isolate and --timeout work on the CPU only, not on {label!r}")
    if not can_fork():
        raise UsageError("--isolate and --timeout need forked processes, which are safe on Linux only")


def _deadly_setups(
    cases: Sequence[Case], workbench: Workbench, isolation: ProcessLimits
) -> Mapping[Hashable, LinbenchError]:
    """Return how the process ended in which the data and the model of some cases were built, where it did."""
    first: dict[Hashable, Case] = {}
    for case in cases:
        first.setdefault(_setup_key(case), case)
    ends = try_apart(list(first.values()), workbench.setup, isolation)
    return {key: LinbenchError(end) for key, end in zip(first, ends, strict=True) if end is not None}


def _setup_key(case: Case) -> Hashable:
    return case.problem.label, case.model.label, case.device.label
