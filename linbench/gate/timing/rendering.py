"""What was found out about step times: rows of a table, findings, JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from linbench.gate.finding import Finding, Kind, printable
from linbench.gate.timing.decision import Decision, StepComparison

COLUMNS = ("was", "is", "ratio", "p", "verdict", "why")

UNIT = "steps of gradient descent"


@dataclass(frozen=True, slots=True)
class TimingReport:
    """Step times now against those before.

    against: what they are compared with, in words. gates: whether slower is a regression, or advice. note: why it is
    only advice, or another thing to know. impossible: why there is nothing to compare with.
    """

    compared: Sequence[StepComparison]
    against: str
    gates: bool
    note: str = ""
    impossible: str = ""

    def __post_init__(self) -> None:
        for name in ("against", "note", "impossible"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        compared = [replace(one, optimizer=printable(one.optimizer), why=printable(one.why)) for one in self.compared]
        object.__setattr__(self, "compared", compared)

    @property
    def findings(self) -> list[Finding]:
        """One for each optimizer that is slower, or of which nothing can be said."""
        if self.impossible:
            kind = Kind.STALE if self.gates else Kind.INCONCLUSIVE
            return [Finding(kind, "step times", "the comparison", "asked for", "impossible", "", self.impossible)]
        return [self._finding(one) for one in self.compared if one.outcome is not Decision.FINE]

    @property
    def summary(self) -> str:
        """`step times of 5 optimizers against main: 4 fine, 1 slower`."""
        mode = "" if self.gates else "; advice only"
        if self.impossible:
            return f"step times: {self.impossible}{mode}"
        counts = Counter(one.outcome for one in self.compared)
        parts = [f"{counts[outcome]} {outcome.value}" for outcome in Decision if counts[outcome]]
        count = f"{len(self.compared)} optimizer{'s' * (len(self.compared) != 1)}"
        note = f"; {self.note}" if self.note else ""
        return f"step times of {count} against {self.against}: {', '.join(parts) or 'none measured'}{mode}{note}"

    def rows(self) -> list[tuple[str, ...]]:
        """One row an optimizer, its label first."""
        return [(one.optimizer, *_values(one)) for one in self.compared]

    def to_dict(self) -> dict[str, Any]:
        """For JSON, raw values included."""
        return {
            "against": self.against,
            "gates": self.gates,
            "note": self.impossible or self.note,
            "unit": UNIT,
            "optimizers": [
                {
                    "optimizer": one.optimizer,
                    "outcome": one.outcome.value,
                    "ratio": one.ratio,
                    "p": one.p,
                    "was": list(one.was),
                    "is": list(one.now),
                    "why": one.why,
                }
                for one in self.compared
            ],
        }

    def _finding(self, one: StepComparison) -> Finding:
        slower = Kind.SLOWER if self.gates else Kind.ADVICE
        kind = slower if one.outcome is Decision.SLOWER else Kind.INCONCLUSIVE
        was, now, ratio, *_ = _values(one)
        why = f"measured twice, in processes of its own: {one.why}" if one.outcome is Decision.SLOWER else one.why
        return Finding(kind, one.optimizer, "time of a step", f"{was} {UNIT}", now, ratio, why)


def _values(one: StepComparison) -> tuple[str, ...]:
    ratio = "–" if one.ratio is None else f"{one.ratio:.2f} ×"
    p = "–" if one.p is None else f"{one.p:.2g}"
    return _median(one.was), _median(one.now), ratio, p, one.outcome.value, one.why


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "–"
