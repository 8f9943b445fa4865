"""The tutorial's problem: hours studied → score."""

from __future__ import annotations

from linbench import Problem

HOURS = [[1.0], [2.0], [3.0], [4.0]]
SCORES = [50.0, 70.0, 90.0, 85.0]


def study_hours(seed: int) -> Problem:  # noqa: ARG001  the same four points for every seed
    """Return X = 1, 2, 3, 4 hours and y = 50, 70, 90, 85 points."""
    return Problem(HOURS, SCORES, features=["hours"], targets=["score"])
