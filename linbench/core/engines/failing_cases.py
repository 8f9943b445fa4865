"""Find the cases that raise before they have made a step, so that they keep no others from being a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from linbench.core.engines.serial import make_trainer
from linbench.core.isolation.isolate import isolate, threads_for

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case


def split_failing(cases: Sequence[Case], workbench: Workbench) -> tuple[list[Case], list[Case]]:
    """Return the cases that raise before they have made a step, and the others.

    Each set of hyperparameters is tried once: whether it is valid hangs on neither seed nor model.
    """
    one_each = {case.optimizer.label: case for case in cases}
    accepted = {label for label, case in one_each.items() if _takes_a_step(case, workbench)}
    failing = [case for case in cases if case.optimizer.label not in accepted]
    return failing, [case for case in cases if case.optimizer.label in accepted]


def _takes_a_step(case: Case, workbench: Workbench) -> bool:
    try:
        setup = workbench.setup(case)
        with isolate(case.seed, setup.torch_device, threads_for(setup.work)):
            make_trainer(case, setup).update(setup.X, setup.y)
    except (Exception, SystemExit):  # third-party code
        return False
    return True
