"""The measurement of step times in fresh processes: of the code that runs here, or of two sides in turns."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from linbench.gate.files import BaselineError
from linbench.gate.metrics import label_of
from linbench.gate.timing.decision import PROCESSES, SideTimes
from linbench.gate.timing.fresh_processes import Answer, Job, Tell, answers, side_times, this_side

if TYPE_CHECKING:
    from linbench.gate.convergence import Request
    from linbench.gate.timing.revision import Sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The step times of both sides. now: of the code that runs here. was: of the other side."""

    now: SideTimes
    was: SideTimes


def job_of(request: Request) -> Job:
    """Return the job for a suite: every optimizer that was selected, on the first problem, with the first seed.

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


def measure_here(job: Job, plugins: Sequence[str], tell: Tell) -> SideTimes:
    """Return the times of the code that runs now, from five fresh processes."""
    return side_times(list(answers([this_side(plugins)] * PROCESSES, job, tell)))


def measure_sides(job: Job, sides: Sides, tell: Tell) -> Measurement:
    """Return the times of both sides, from five fresh processes each.

    Raises BaselineError where a process ends without an answer, where linbench is another one on the other side, and
    where the code comes from neither.
    """
    # The sides take turns, A-B-B-A, so that a machine that becomes slower or faster meanwhile does so for both.
    turns = [(sides.base, sides.now) if turn % 2 == 0 else (sides.now, sides.base) for turn in range(PROCESSES)]
    order = [side for pair in turns for side in pair]
    pairs = list(zip(order, answers(order, job, tell), strict=True))
    now = [answer for side, answer in pairs if side is sides.now]
    base = [answer for side, answer in pairs if side is sides.base]
    _check_linbench(now[0], base[0])
    for answer in (now[0], base[0]):
        _check_origin(answer, sides)
    return Measurement(now=side_times(now), was=side_times(base))


def _check_linbench(now: Answer, base: Answer) -> None:
    """Raise BaselineError where two versions of linbench measured, as where base is an environment of its own."""
    if now.linbench != base.linbench:
        raise BaselineError(
            f"linbench is {now.linbench} here and {base.linbench} there: install the same on both sides"
        )


def _check_origin(answer: Answer, sides: Sides) -> None:
    """Raise BaselineError where a side ran the working tree itself: an editable install hides both from view."""
    installed = Path(sys.prefix).resolve()  # which may lie in the tree
    for label, file in answer.files.items():
        ours = sides.tree is not None and Path(file).is_relative_to(sides.tree)
        if ours and not Path(file).is_relative_to(installed):
            raise BaselineError(f"both sides would run {label} from {file}: there is nothing to compare")
