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
    from linbench.core.request.plan import Case, Choice, Plan


def check_problems(plan: Plan, workbench: Workbench, apart: ProcessLimits | None = None) -> None:
    """Build each problem once, so that unusable data is an error before anything runs.

    apart: try it in a process of its own before. Raises LinbenchError; what else a third party's problem raises, or
    that it ends its process, comes up again when its cases run.
    """

    def build(choice: Choice) -> object:
        return workbench.problem(choice, plan.seeds[0])

    ends = try_apart(plan.problems, build, apart) if apart is not None and can_fork() else [None] * len(plan.problems)
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


def admit(plan: Plan, workbench: Workbench, apart: ProcessLimits | None = None) -> tuple[list[Case], list[Record]]:
    """The cases that can run, and the records of the others.

    apart: cases are to be kept apart like this, so what they share is tried in a process of its own before. Raises
    UsageError where that cannot be.
    """
    absent = _absent(plan, workbench)
    runnable, refused = [], []
    for case in plan:
        if case.device.label in absent:
            refused.append(_refusal(case, absent[case.device.label]))
        else:
            runnable.append(case)
    if apart is None:
        return runnable, refused
    _check_forkable(runnable, workbench)
    deadly = _deadly(runnable, workbench, apart)
    refused += [failed_record(case, deadly[_shared(case)], "none") for case in runnable if _shared(case) in deadly]
    return [case for case in runnable if _shared(case) not in deadly], refused


def _absent(plan: Plan, workbench: Workbench) -> Mapping[str, str | BaseException]:
    """By its label why a device cannot be used: what it says, or what it raised."""
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


def _refusal(case: Case, why: str | BaseException) -> Record:
    return skipped_record(case, why) if isinstance(why, str) else failed_record(case, why, "none")


def _check_forkable(cases: Sequence[Case], workbench: Workbench) -> None:
    for label, device in {case.device.label: case.device for case in cases}.items():
        if workbench.device(device).torch_device.type != "cpu":
            raise UsageError(f"--isolate and --timeout work on the CPU only, not on {label!r}")
    if not can_fork():
        raise UsageError("--isolate and --timeout need forked processes, which are safe on Linux only")


def _deadly(cases: Sequence[Case], workbench: Workbench, apart: ProcessLimits) -> Mapping[Hashable, LinbenchError]:
    """How the process ended in which the data and the model of some cases were built, where it did."""
    first: dict[Hashable, Case] = {}
    for case in cases:
        first.setdefault(_shared(case), case)
    ends = try_apart(list(first.values()), workbench.setup, apart)
    return {key: LinbenchError(end) for key, end in zip(first, ends, strict=True) if end is not None}


def _shared(case: Case) -> Hashable:
    return case.problem.label, case.model.label, case.device.label
