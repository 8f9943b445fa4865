"""The rules that linbench has changed, as data, and the differences from an older baseline that only they explain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linbench.core.criteria import DIVERGENCE_FACTOR
from linbench.core.outcome.record import Status
from linbench.core.plural import plural
from linbench.core.request.component import DEFAULT_LR
from linbench.core.request.spec import format_spec
from linbench.gate.metrics import CaseMetrics, label_of

if TYPE_CHECKING:
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan
    from linbench.gate.finding import Finding

UPDATE = "gate --update --reason …"
"""The command that renews a baseline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """A rule that has changed. rules: the number that `criteria.RULES` was raised to with it.

    subject: the rule, as the subject of a sentence. now: the rule as it is since. touches: the metrics of a gate that
    it may change; none where it changes only which earlier records are taken for this version's.
    """

    rules: int
    subject: str
    now: str
    touches: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """The change in one line, `the rule of `stalled` changed with rules 2`."""
        return f"{self.subject} changed with rules {self.rules}"


STALLED = RuleChange(
    rules=2,
    subject="the rule of `stalled`",
    now="a run has stalled only if over the last half of its epochs neither the highs nor the lows of its cost moved "
    "by more than rounding; one that still swings or rises ends as `budget`",
    touches=("status",),
)
OVERFLOW = RuleChange(
    rules=2,
    subject="the rule of costs that overflow",
    now="a run whose recorded cost became too large for its dtype is judged by its parameters",
    touches=("status", "epochs to target"),
)
DEFAULT_LEARNING_RATE = RuleChange(
    rules=2,
    subject="the default lr",
    now="where nobody gives an lr, and the component declares none, the default in the author's own signature counts; "
    "before it was 0.01",
    touches=("optimizer",),
)
OPTIMUM = RuleChange(
    rules=2,
    subject="the optimum of unscaled columns",
    now="it is exact, so the epoch at which a run comes close to it may be another one",
    touches=("status", "epochs to target"),
)
KEYS = RuleChange(
    rules=2,
    subject="the content of keys",
    now="keys hold what objects contain: tensors by their bytes, closures, imported modules",
)

CHANGES = (STALLED, OVERFLOW, DEFAULT_LEARNING_RATE, OPTIMUM, KEYS)
"""All changes, in the order in which reports name them. Whoever raises `criteria.RULES` adds to them."""


def change_behind(now: CaseMetrics, was: CaseMetrics) -> RuleChange | None:
    """Return the changed rule that explains another status or epoch of a run whose costs and parameters agree.

    None where no rule that is newer than those of `was` does.
    """
    statuses = {now.status, was.status}
    if statuses == {Status.STALLED, Status.BUDGET}:
        change = STALLED
    elif len(statuses) == 2 and Status.DIVERGED in statuses:
        if not _overflowed(now if now.status is Status.DIVERGED else was):
            return None
        change = OVERFLOW
    elif now.needs_exact_optimum:
        change = OPTIMUM
    else:
        return None
    return change if change.rules > was.rules else None


def _overflowed(diverged: CaseMetrics) -> bool:
    """Return whether the cost of a run that diverged was not finite at some epoch, as far as its metrics tell."""
    first, last = diverged.initial_cost, diverged.final_cost
    return first is None or last is None or last <= DIVERGENCE_FACTOR * first


@dataclass(frozen=True, slots=True, kw_only=True)
class Renaming:
    """A case whose label is another one, since the default lr of its optimizer is.

    label, optimizer: the label now, and the optimizer in it. label_before, optimizer_before: under the older rules.
    """

    label: str
    label_before: str
    optimizer: str
    optimizer_before: str


def renamings(plan: Plan, was: Mapping[str, CaseMetrics]) -> dict[str, Renaming]:
    """Return, by their labels, the cases of a plan that a baseline of older rules has under another lr."""
    found: dict[str, Renaming] = {}
    for case in plan:
        label, before = label_of(case), _optimizer_before(case)
        if before is None or label in was:
            continue
        label_before = label_of(case, optimizer=before)
        if label_before in was and was[label_before].rules < DEFAULT_LEARNING_RATE.rules:
            found[label] = Renaming(
                label=label, label_before=label_before, optimizer=case.optimizer.label, optimizer_before=before
            )
    return found


def _optimizer_before(case: Case) -> str | None:
    """Return the label that the optimizer had when `DEFAULT_LR` stood for an lr that nobody gave; None if it has it."""
    optimizer = case.optimizer
    params: dict[str, Any] = dict(optimizer.params)
    lr = params.pop("lr", None)  # None too where the author's default is None, and the optimizer finds its own
    given = lr is not None and not optimizer.lr_is_default
    if given or lr == DEFAULT_LR or "lr" in optimizer.component.defaults:
        return None
    return format_spec(optimizer.component.name, {"lr": DEFAULT_LR, **params})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleAdvice:
    """A changed rule, and the findings that it explains; it never fails a gate."""

    change: RuleChange
    findings: Sequence[Finding]

    def line(self, update: str = UPDATE) -> str:
        """Return the advice on one line. update: the command that renews the baseline."""
        cases = len({one.case for one in self.findings})
        renamed = dict.fromkeys(f"{one.was} → {one.now}" for one in self.findings if one.what == "optimizer")
        names = f" ({', '.join(renamed)})" if renamed else ""
        return f"{self.change.line}: {cases} {plural('case', cases)}{names}; renew the baseline with {update}"

    def to_dict(self) -> dict[str, object]:
        """Return the advice for JSON."""
        return {
            "rule": self.change.subject,
            "rules": self.change.rules,
            "now": self.change.now,
            "cases": list(dict.fromkeys(one.case for one in self.findings)),
            "text": self.line(),
        }


def advice_of(findings: Iterable[Finding]) -> list[RuleAdvice]:
    """Return one advice for each changed rule that explains any of the findings."""
    by_change: dict[RuleChange, list[Finding]] = {}
    for finding in findings:
        if finding.change is not None:
            by_change.setdefault(finding.change, []).append(finding)
    return [RuleAdvice(change=change, findings=by_change[change]) for change in CHANGES if change in by_change]
