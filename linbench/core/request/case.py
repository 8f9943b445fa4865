"""One cell of the matrix, fully resolved, with the key that stands for everything that decides its numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.criteria import RULES

if TYPE_CHECKING:
    from linbench.core.request.choice import Choice
    from linbench.core.request.settings import Settings

KEY_SCHEMA = 2
"""Version of what a case's key is made of."""


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of the matrix: everything that decides its numbers."""

    problem: Choice
    model: Choice
    optimizer: Choice
    device: Choice
    seed: int
    settings: Settings

    @property
    def key(self) -> str:
        """`digest` in hexadecimal."""
        return self.digest.hex()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the case's canonical JSON: all that can change its numbers, and nothing that cannot.

        That is: this schema and the rules, the versions of linbench and torch, the code of the problem, model,
        optimizer and device that come from elsewhere, their parameters, the content of files that the problem reads,
        seed and settings.
        """
        text = (
            f'{{"device":{self.device.json},"model":{self.model.json},"optimizer":{self.optimizer.json},'
            f'"problem":{self.problem.json},"rules":{RULES},"schema":{KEY_SCHEMA},"seed":{self.seed},"settings":{self.settings.json}}}'
        )
        return hashlib.sha256(text.encode()).digest()

    @property
    def label(self) -> str:
        """One line that names the case to a person."""
        parts = (self.problem.label, self.model.label, self.optimizer.label, self.device.label, f"seed {self.seed}")
        return " · ".join(parts)
