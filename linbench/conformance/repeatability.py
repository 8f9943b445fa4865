"""Checks of repeatability: the same run again, and the same run interrupted."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import torch

from linbench.conformance.requirement import NotApplicable, require
from linbench.conformance.training import SEED, STEPS, History, Regression, advance, require_repeatable, start, train
from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def is_deterministic(subject: Subject) -> None:
    """Check that two runs from one seed are alike bit for bit: else no result can be repeated, no bug found twice."""
    first, second = (train(subject, Regression()) for _ in range(2))
    require(first.same_as(second), "two runs from the same start and seed differ")


def resumes_from_its_state_dict(subject: Subject) -> None:
    """Check that a run that is saved half-way and loaded goes on bit for bit: else a checkpoint changes the result."""
    whole = train(subject, Regression(), steps=2 * STEPS)
    with isolate(SEED, torch.device("cpu"), threads=1):
        model = Regression()
        driver = start(subject, model)
        for method in ("state_dict", "load_state_dict"):
            if not callable(getattr(driver.optimizer, method, None)):
                raise NotApplicable(f"it has no {method}()")
        advance(driver, model)
        checkpoint = io.BytesIO()
        torch.save([model.state_dict(), driver.optimizer.state_dict(), torch.get_rng_state()], checkpoint)

        resumed_model = Regression()
        resumed = start(subject, resumed_model)
        checkpoint.seek(0)
        weights, state, generator = torch.load(checkpoint)
        resumed_model.load_state_dict(weights)
        resumed.optimizer.load_state_dict(state)
        torch.set_rng_state(generator)
        rest = advance(resumed, resumed_model)
    second_half = History(whole.points[STEPS:])
    if not rest.same_as(second_half):
        require_repeatable(subject)
        raise AssertionError("a run that was saved and loaded goes on otherwise than one that was not")
