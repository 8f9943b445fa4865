"""The committed file of convergence: one metric a line, so that a diff shows each change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from linbench.core.criteria import RULES
from linbench.core.outcome.record import Status
from linbench.gate.files import (
    REASON,
    VERSIONS,
    Corrupt,
    Field,
    Fields,
    Newer,
    as_blocks,
    check_fields,
    check_schema,
    is_count,
    is_number,
    is_vector,
    read,
    replace,
)
from linbench.gate.metrics import SCHEMA, CaseMetrics
from linbench.gate.tolerance import RTOL

FIRST_RULES = 1
"""The number of the rules of files and cases that say none."""


def read_baseline(path: Path) -> dict[str, CaseMetrics]:
    """Return the cases of a baseline by their labels.

    Raises BaselineError where it is missing, damaged, of a newer schema or newer rules, or holds what no gate has
    written.
    """
    return read(path, "baseline", "make one with linbench gate --update --reason …", _cases)


def write_baseline(path: Path, cases: Mapping[str, CaseMetrics]) -> None:
    """Replace the file at once, or not at all; its folder is made. Raises BaselineError where it cannot be written."""
    replace(path, "baseline", as_text(cases))


def as_text(cases: Mapping[str, CaseMetrics]) -> str:
    """Return the whole file: sorted, a metric per line, shortest numbers that read back the same.

    The file has the number of the oldest rules of its cases, and a case its own where they are newer: so an update of
    some cases changes no line of the others, and such updates merge.
    """
    rules = min((case.rules for case in cases.values()), default=RULES)
    blocks = as_blocks({label: _content(case, rules) for label, case in cases.items()})
    inner = f"\n{blocks}\n  " if blocks else ""
    line = "" if rules == FIRST_RULES else f'\n  "rules": {rules},'
    return f'{{\n  "schema": {SCHEMA},{line}\n  "cases": {{{inner}}}\n}}\n'


def _content(case: CaseMetrics, rules: int) -> dict[str, object]:
    own_rules = {} if case.rules == rules else {"rules": case.rules}
    return {
        "status": case.status.value,
        "epochs_to_target": case.epochs_to_target,
        "crossing_margin": case.crossing_margin,
        "initial_cost": case.initial_cost,
        "final_cost": case.final_cost,
        "W": case.weight,
        "b": case.bias,
        "dtype": case.dtype,
        "versions": dict(sorted(case.versions.items())),
        "reason": case.reason,
        "schema": case.schema,
        **own_rules,
    }


def _cases(document: Any) -> dict[str, CaseMetrics]:
    document, rules = _take_rules("the file", document, FIRST_RULES)
    check_schema(document, SCHEMA, ("cases",))
    if not isinstance(document["cases"], dict):
        raise Corrupt("cases must be an object")
    return {label: _case(label, content, rules) for label, content in document["cases"].items()}


def _take_rules(where: str, content: Any, otherwise: int) -> tuple[Any, int]:
    """Return an object without the number of its rules, and that number. otherwise: stands for one that is not there.

    Raises Newer for rules that this linbench does not know, before anything else of the object is looked at.
    """
    if not isinstance(content, dict):
        return content, otherwise
    rest = {name: value for name, value in content.items() if name != "rules"}
    rules = content.get("rules", otherwise)
    if not (is_count(rules) and rules >= FIRST_RULES):
        raise Corrupt(f"{where}: rules must be a whole number, at least {FIRST_RULES}")
    if rules > RULES:
        raise Newer(f"it is of rules {rules}, and this linbench knows rules up to {RULES}")
    return rest, rules


def _case(label: str, content: Any, rules: int) -> CaseMetrics:
    if not label.isprintable() or not label:
        raise Corrupt(f"a case is called {label!r}")
    content, rules = _take_rules(label, content, rules)
    schema: Any = content.get("schema") if isinstance(content, dict) else None
    if is_count(schema) and schema != SCHEMA:
        if schema > SCHEMA:
            raise Corrupt(f"{label}: its schema {schema} is newer than this linbench, which knows up to {SCHEMA}")
        # Found to be stale when it is compared.
        return CaseMetrics(label, Status.BUDGET, "float64", schema=schema, rules=rules)
    check_fields(label, content, _FIELDS)
    case = CaseMetrics(
        label=label,
        status=Status(content["status"]),
        dtype=content["dtype"],
        epochs_to_target=content["epochs_to_target"],
        crossing_margin=content["crossing_margin"],
        initial_cost=content["initial_cost"],
        final_cost=content["final_cost"],
        weight=content["W"],
        bias=content["b"],
        versions=content["versions"],
        reason=content["reason"],
        schema=content["schema"],
        rules=rules,
    )
    _check_consistency(case)
    return case


def _check_consistency(case: CaseMetrics) -> None:
    if case.status is Status.CONVERGED and case.epochs_to_target is None:
        raise Corrupt(f"{case.label}: it converged, but has no epochs_to_target")
    if (case.weight is None) != (case.bias is None):
        raise Corrupt(f"{case.label}: W and b must both be there, or neither")


def _is_matrix(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(is_vector, value)) and len({*map(len, value)}) == 1


def _or_null(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: value is None or fits(value)


_COST = Field(_or_null(lambda value: is_number(value) and value >= 0), "a finite number of at least 0, or null")
_STATUSES = [status.value for status in Status if status is not Status.ERROR]
_FIELDS: Fields = {
    "status": Field(lambda value: isinstance(value, str) and value in _STATUSES, f"one of {', '.join(_STATUSES)}"),
    "epochs_to_target": Field(_or_null(is_count), "a number of epochs, or null"),
    "crossing_margin": _COST,
    "initial_cost": _COST,
    "final_cost": _COST,
    "W": Field(_or_null(_is_matrix), "rows of finite numbers, or null"),
    "b": Field(lambda value: value in (None, []) or is_vector(value), "a list of finite numbers, or null"),
    "dtype": Field(lambda value: isinstance(value, str) and value in RTOL, f"one of {', '.join(RTOL)}"),
    "versions": VERSIONS,
    "reason": REASON,
    "schema": Field(is_count, "a whole number"),
}
