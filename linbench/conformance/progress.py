"""That the optimizer does something, does it at the lr that it is given, and gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from linbench.comparison import compare_plan, specs_of
from linbench.conformance.claim import NotApplicable, require
from linbench.conformance.training import Regression, trajectory
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
    """Every parameter with a gradient has moved after a few steps: one that was forgotten is frozen for good."""
    course = trajectory(subject, Regression())
    names = [name for name, _ in Regression().named_parameters()]
    still = [name for index, name in enumerate(names) if torch.equal(course.points[0][index], course.end[index])]
    require(not still, f"parameters with a gradient do not move: {', '.join(still)}")


def lr_has_an_effect(subject: Subject) -> None:
    """Another lr gives another trajectory: else a sweep compares one run with itself."""
    if subject.lr is None:
        raise NotApplicable("it takes no lr")
    usual, smaller = (trajectory(subject.with_params(lr=lr), Regression()) for lr in (subject.lr, subject.lr / 4))
    require(not usual.same_as(smaller), "a quarter of the lr gives the same trajectory")


def reaches_an_easy_optimum(subject: Subject) -> str:
    """At its lr, or one of a wide sweep, it solves a regression of condition number 1: else it works nowhere."""
    records = compare_runs(subject, None, EPOCHS)
    if not any(map(_solved, records)) and subject.lr is not None:
        records += compare_runs(subject, parse_value(RATES), EPOCHS)
    solved = next(filter(_solved, records), None)
    if solved is not None:
        return "" if subject.lr is None else f"at lr={solved.params['lr']:g}"
    gaps = [record.relative_gap for record in records if record.relative_gap is not None]
    best = f"the smallest relative gap is {min(gaps):.2g}" if gaps else str(records[0].reason)
    rates = "" if subject.lr is None else f" at lr={subject.lr:g}, or any of {RATES}"
    raise AssertionError(f"not within {TARGET:g} of the optimum after {EPOCHS} epochs{rates}; {best}")


def _solved(record: Record) -> bool:
    """Whether it arrived, and not only passed through."""
    arrived = record.status is Status.CONVERGED
    return arrived and record.relative_gap is not None and record.relative_gap <= TARGET


def compare_runs(subject: Subject, lr: object, epochs: int, engine: EngineName = "auto") -> list[Record]:
    """The records of the subject on the easy problem, with other rates if any are given."""
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


def _easy_problem() -> Problem:
    """X: (4, 2) with columns of mean 0 and mean square 1, orthogonal: the Hessian is 2 times the identity."""
    return Problem([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]], [[1.9], [0.3], [0.1], [-1.5]])
