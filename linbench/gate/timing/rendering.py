"""The report on step times: rows of a table, findings, JSON."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from linbench.core.plural import plural
from linbench.gate.finding import Finding, Kind, printable
from linbench.gate.timing.decision import Decision, StepComparison

COLUMNS = ("was", "is", "ratio", "p", "verdict", "why")

UNIT = "steps of gradient descent"


@dataclass(frozen=True, slots=True)
class TimingReport:
    """Step times now against those before.

    against: the other side, in words. gates: whether slower is a regression, or advice. note: why it is only advice, or
    another thing to know. impossible: why there is nothing to compare with.
    """

    comparisons: Sequence[StepComparison]
    against: str
    gates: bool
    note: str = ""
    impossible: str = ""

    def __post_init__(self) -> None:
        for name in ("against", "note", "impossible"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        comparisons = [
            replace(one, optimizer=printable(one.optimizer), why=printable(one.why)) for one in self.comparisons
        ]
        object.__setattr__(self, "comparisons", comparisons)

    @property
    def findings(self) -> list[Finding]:
        """A finding for each optimizer that is slower, or of which nothing can be said."""
        if self.impossible:
            return [
                Finding(
                    kind=Kind.STALE if self.gates else Kind.INCONCLUSIVE,
                    case="step times",
                    what="the comparison",
                    was="asked for",
                    now="impossible",
                    why=self.impossible,
                )
            ]
        return [self._finding(one) for one in self.comparisons if one.outcome is not Decision.FINE]

    @property
    def summary(self) -> str:
        """One line, `step times of 5 optimizers against main: 4 fine, 1 slower`."""
        mode = "" if self.gates else "; advice only"
        if self.impossible:
            return f"step times: {self.impossible}{mode}"
        counts = Counter(one.outcome for one in self.comparisons)
        parts = [f"{counts[outcome]} {outcome.value}" for outcome in Decision if counts[outcome]]
        number = len(self.comparisons)
        subject = f"step times of {number} {plural('optimizer', number)} against {self.against}"
        note = f"; {self.note}" if self.note else ""
        return f"{subject}: {', '.join(parts) or 'none measured'}{mode}{note}"

    def rows(self) -> list[tuple[str, ...]]:
        """Return one row an optimizer: its label, then a cell for each of `COLUMNS`."""
        return [
            (
                one.optimizer,
                _median(one.was),
                _median(one.now),
                _ratio(one),
                "–" if one.p is None else f"{one.p:.2g}",
                one.outcome.value,
                one.why,
            )
            for one in self.comparisons
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON, raw values included."""
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
                for one in self.comparisons
            ],
        }

    def _finding(self, comparison: StepComparison) -> Finding:
        if comparison.outcome is Decision.SLOWER:
            kind = Kind.SLOWER if self.gates else Kind.ADVICE
            why = f"measured twice, in processes of its own: {comparison.why}"
        else:
            kind, why = Kind.INCONCLUSIVE, comparison.why
        return Finding(
            kind=kind,
            case=comparison.optimizer,
            what="time of a step",
            was=f"{_median(comparison.was)} {UNIT}",
            now=_median(comparison.now),
            by=_ratio(comparison),
            why=why,
        )


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.1f}" if values else "–"


def _ratio(comparison: StepComparison) -> str:
    return "–" if comparison.ratio is None else f"{comparison.ratio:.2f} ×"
