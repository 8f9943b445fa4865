"""The gate's step times: measured in fresh processes, against another revision or against stored ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from linbench.gate.files import BaselineError
from linbench.gate.finding import printable
from linbench.gate.metrics import label_of
from linbench.gate.timing.baseline_times import BaselineTimes, find, place, read_timings, write_timings
from linbench.gate.timing.decision import PROCESSES, SideTimes, StepComparison, compare_sides, confirm
from linbench.gate.timing.fingerprint import differences, machine
from linbench.gate.timing.fresh_processes import Answer, Job, Tell, answers, ignore, this_side, timings
from linbench.gate.timing.rendering import TimingReport

if TYPE_CHECKING:
    from linbench.gate.convergence import Request
    from linbench.gate.timing.revision import Sides

Measure = Callable[[Job], tuple[SideTimes, SideTimes]]
"""Now and before, for the optimizers of a job."""


def job_of(request: Request) -> Job:
    """What is timed of a suite: every optimizer that was selected, on the first problem, with the first seed.

    A step's time hangs on the number and the shapes of the parameters, hardly on what they hold.
    """
    plan = request.plan
    labels = dict.fromkeys(case.optimizer.label for case in plan if request.selects(label_of(case)))
    settings = plan.settings
    return Job(
        optimizers=tuple(labels),
        problem=plan.problems[0].label,
        models=tuple(model.label for model in plan.models),
        dtype=settings.dtype,
        seed=plan.seeds[0],
        batch_size=settings.batch_size,
    )


def against_sides(job: Job, sides: Sides, gates: bool, tell: Tell) -> TimingReport:
    """Both sides take turns, A-B-B-A, in five fresh processes each; what is slower is measured once more.

    Raises BaselineError where a process ends without an answer, where no optimizer is on both sides, where linbench
    is another one there, and where the code comes from neither.
    """

    def measure(job: Job) -> tuple[SideTimes, SideTimes]:
        turns = [(sides.base, sides.now) if turn % 2 == 0 else (sides.now, sides.base) for turn in range(PROCESSES)]
        order = [side for pair in turns for side in pair]
        found = list(zip(order, answers(order, job, tell), strict=True))
        now, base = ([answer for side, answer in found if side is one] for one in (sides.now, sides.base))
        _check_linbench(now[0], base[0])
        for answer in (now[0], base[0]):
            _check_origin(answer, sides)
        return timings(now), timings(base)

    compared = decide(job, measure)
    if all(one.ratio is None for one in compared):
        raise BaselineError(f"no optimizer can be timed both here and in {sides.name}: {_reasons(compared)}")
    return TimingReport(compared, sides.name, gates)


def against_stored(job: Job, folder: Path, plugins: Sequence[str], gates: bool, tell: Tell = ignore) -> TimingReport:
    """Five fresh processes against what is committed; on another machine than that it is advice only.

    Raises BaselineError where nothing is stored, or what is stored is damaged.
    """

    def measure(job: Job) -> tuple[SideTimes, SideTimes]:
        return measured_here(job, plugins, tell), stored.of(steps_of(job))

    stored, same = find(folder, machine())
    compared = decide(job, measure)
    note = "" if same else f"they are of another machine: {differences(stored.machine, machine())}"
    return TimingReport(compared, f"those in {place(folder, stored.machine)}", gates and same, note)


def told(against: str, gates: bool, compare: Callable[[], TimingReport]) -> TimingReport:
    """What `compare` returns; where it cannot, that is told beside what the gate says of convergence."""
    try:
        return compare()
    except BaselineError as error:
        return TimingReport((), against, gates, impossible=str(error))


def store(job: Job, folder: Path, plugins: Sequence[str], reason: str, tell: Tell = ignore) -> tuple[Path, list[str]]:
    """Measure and keep the times of this machine; returns the file and the optimizers that could not be measured.

    What the job does not name is kept.
    """
    now = measured_here(job, plugins, tell)
    steps = {
        step: now.optimizers[optimizer] for optimizer, step in steps_of(job).items() if optimizer in now.optimizers
    }
    stored = BaselineTimes(machine(), steps, dict.fromkeys(steps, reason))
    path = place(folder, stored.machine)
    if path.exists():
        before = read_timings(path)
        stored = replace(stored, steps={**before.steps, **steps}, reasons={**before.reasons, **stored.reasons})
    return write_timings(folder, stored), [f"{label}: {why}" for label, why in now.unmeasured.items()]


def measured_here(job: Job, plugins: Sequence[str], tell: Tell) -> SideTimes:
    """The times of the code that runs now, from five fresh processes."""
    return timings(list(answers([this_side(plugins)] * PROCESSES, job, tell)))


def decide(job: Job, measure: Measure) -> list[StepComparison]:
    """Compare every optimizer; those that may be slower are measured once more before that counts."""
    first = compare_sides(*measure(job))
    suspects = [one.optimizer for one in first if one.suspect]
    again = {one.optimizer: one for one in compare_sides(*measure(job.only(suspects)))} if suspects else {}
    return [confirm(one, again[one.optimizer]) if one.optimizer in again else one for one in first]


def steps_of(job: Job) -> dict[str, str]:
    """What identifies each optimizer's step from one version to the next."""
    batch = "full batch" if job.batch_size is None else f"batch {job.batch_size}"
    before, after = f"{job.problem} · {','.join(job.models)}", f"{job.dtype} · {batch}"
    return {optimizer: printable(f"{before} · {optimizer} · {after}") for optimizer in job.optimizers}


def _check_linbench(now: Answer, base: Answer) -> None:
    """What measures must be the same on both sides, as it may not be where base is an environment of its own."""
    if now.linbench != base.linbench:
        raise BaselineError(
            f"linbench is {now.linbench} here and {base.linbench} there: install the same on both sides"
        )


def _check_origin(answer: Answer, sides: Sides) -> None:
    """Neither side may run the working tree itself, as where an editable install hides both from view."""
    installed = Path(sys.prefix).resolve()  # which may lie in the tree
    for label, file in answer.files.items():
        ours = sides.tree is not None and Path(file).is_relative_to(sides.tree)
        if ours and not Path(file).is_relative_to(installed):
            raise BaselineError(f"both sides would run {label} from {file}: there is nothing to compare")


def _reasons(compared: Sequence[StepComparison]) -> str:
    return "; ".join(dict.fromkeys(one.why for one in compared if one.why)) or "the suite names none"
