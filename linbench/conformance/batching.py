"""The check of the default engine's way to run the optimizer: in a batch or alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linbench.conformance.descent import train_on_easy_problem
from linbench.conformance.requirement import require
from linbench.core.outcome.record import Status
from linbench.core.request.spec import Sweep

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

EPOCHS = 25


def runs_in_a_batch_or_alone(subject: Subject) -> str:
    """Check that many runs can be trained, as one or alone; alone is slower by the number of runs."""
    lr = subject.lr
    records = train_on_easy_problem(subject, None if lr is None else Sweep((lr, lr / 2)), EPOCHS, "batched")
    failed = next((record for record in records if record.status is Status.ERROR), None)
    require(failed is None, f"a run ended in an error: {failed.reason if failed else ''}")
    engines = {record.engine for record in records}
    return "in a batch" if engines == {"batched"} else "alone: it treats elements, or runs, other than each by itself"
