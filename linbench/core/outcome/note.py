"""What there is to say of runs and problems, as data; `results.notes.words` turns it into sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NoteKind(StrEnum):
    """The kinds of notes; `results.notes.words` has the sentence of each."""

    OPTIMUM = "optimum"
    """The exact answer to a problem."""
    NOT_UNIQUE = "optimum not unique"
    """The data leave some parameters open."""
    OPTIMUM_AT_ZERO = "optimum at zero"
    """No parameters are better than zero, so there is no relative gap."""
    TARGET = "target"
    """The relative gap that epochs and time are read at."""
    DEFAULT_RATES = "default rates"
    """Learning rates differ because they are defaults."""

    DIVERGED = "diverged"
    RISING = "rising"
    """The cost of a run rises, and is not far above its start yet."""
    OSCILLATES = "oscillates"
    """Gradient descent at lr 2/L."""
    CONVERGED = "converged"
    LEFT = "left"
    """A run reached the target and did not stay there."""
    NEVER_MOVED = "never moved"
    ROUNDED_STEPS = "rounded steps"
    """A run stands where its steps are smaller than the rounding of its parameters."""
    NOISE_FLOOR = "noise floor"
    """A run stands where its gradient is all rounding."""
    RIDGE = "ridge"
    """A run arrived at the optimum that its weight decay asks for."""
    STALLED = "stalled"
    HOVERS = "hovers"
    """A run on mini-batches moves about without getting closer."""
    UNDER_WAY = "under way"
    """A run that theory covers needs more epochs."""
    DESCENDING = "descending"
    """A run had its best cost in the last tenth of its epochs."""
    SWINGING = "swinging"
    """A run had its best cost before the last tenth of its epochs, and still moves."""

    SAME_RUNS = "same runs"
    """Every seed gives the same run."""
    NOISY_TIMES = "noisy times"
    """Step times vary much."""
    LEFT_OUT = "left out"
    """Columns of the table are left out."""
    ERROR = "error"
    SKIPPED = "skipped"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Note:
    """One observation. about: the names of the runs or of the problem it is about. values: by kind."""

    kind: NoteKind
    about: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the note as JSON holds it."""
        return {"kind": self.kind.value, "about": list(self.about), **self.values}
