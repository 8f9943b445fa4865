"""Checks of the descent: the parameters move, the lr has an effect, and an easy optimum is reached."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from linbench.comparison import compare_plan, specs_of
from linbench.conformance.requirement import NotApplicable, require
from linbench.conformance.training import Regression, train
from linbench.core.outcome.record import Record, Status
from linbench.core.problem.problem import Problem
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.core.request.spec import Spec, parse_value
from linbench.core.running.execution import EngineName, Execution

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

RATES = "1e-3..10@9"
EPOCHS = 500
TARGET = 1e-3


def moves_every_parameter(subject: Subject) -> None:
    """Check that every parameter with a gradient moves within a few steps: a forgotten one is frozen for good."""
    history = train(subject, Regression())
    names = [name for name, _ in Regression().named_parameters()]
    still = [name for index, name in enumerate(names) if torch.equal(history.points[0][index], history.end[index])]
    require(not still, f"parameters with a gradient do not move: {', '.join(still)}")


def lr_has_an_effect(subject: Subject) -> None:
    """Check that another lr gives another trajectory: else a sweep compares one run with itself."""
    if subject.lr is None:
        raise NotApplicable("it takes no lr")
    usual, smaller = (train(subject.with_params(lr=lr), Regression()) for lr in (subject.lr, subject.lr / 4))
    require(not usual.same_as(smaller), "a quarter of the lr gives the same trajectory")


def reaches_an_easy_optimum(subject: Subject) -> str:
    """Check that it solves a regression of condition number 1 at its lr, or one of a sweep: else it works nowhere."""
    records = train_on_easy_problem(subject, None, EPOCHS)
    if not any(map(_is_solved, records)) and subject.lr is not None:
        records += train_on_easy_problem(subject, parse_value(RATES), EPOCHS)
    solved = next(filter(_is_solved, records), None)
    if solved is not None:
        return "" if subject.lr is None else f"at lr={solved.params['lr']:g}"
    gaps = [record.relative_gap for record in records if record.relative_gap is not None]
    best = f"the smallest relative gap is {min(gaps):.2g}" if gaps else str(records[0].reason)
    rates = "" if subject.lr is None else f" at lr={subject.lr:g}, or any of {RATES}"
    raise AssertionError(f"not within {TARGET:g} of the optimum after {EPOCHS} epochs{rates}; {best}")


def train_on_easy_problem(subject: Subject, lr: object, epochs: int, engine: EngineName = "auto") -> list[Record]:
    """Train the subject on the easy problem and return its records. lr: another lr, a Sweep of several, or None."""
    params = subject.params if lr is None else {**subject.params, "lr": lr}
    plan = make_plan(
        subject.catalog,
        problems=specs_of(_easy_problem()),
        devices=[Spec("cpu")],
        models=[Spec("linear")],
        optimizers=[Spec(subject.component.name, params)],
        settings=Settings(epochs=epochs, target=TARGET),
    )
    return list(compare_plan(plan, Execution(engine=engine, timing=False)))


def _is_solved(record: Record) -> bool:
    # The gap at the end counts, since a run may pass through the target.
    arrived = record.status is Status.CONVERGED
    return arrived and record.relative_gap is not None and record.relative_gap <= TARGET


def _easy_problem() -> Problem:
    # X: (4, 2) with columns of mean 0 and mean square 1, orthogonal: the Hessian is 2 times the identity.
    return Problem([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], [[1.9], [0.3], [0.1], [-1.5]])
