"""Step times that are committed: `baseline/timing/<fingerprint>.json`, one file a machine, raw values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linbench.gate import files
from linbench.gate.files import REASON, VERSIONS, BaselineError, Corrupt, Fields, as_json
from linbench.gate.timing.decision import SideTimes, StepTimes
from linbench.gate.timing.fingerprint import fingerprint

SCHEMA = 1
"""Version of the file."""

WHAT = "baseline of step times"


@dataclass(frozen=True, slots=True)
class BaselineTimes:
    """What was measured on one machine. steps: times by what was stepped. reasons: why each was last changed."""

    machine: Mapping[str, Any]
    steps: Mapping[str, StepTimes] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def of(self, optimizers: Mapping[str, str]) -> SideTimes:
        """The times of these optimizers, each with what it steps; those that are not there are unmeasured."""
        there = {optimizer: self.steps[step] for optimizer, step in optimizers.items() if step in self.steps}
        missing = "no step times are stored for it: add them with --update --timing gate"
        return SideTimes(there, {optimizer: missing for optimizer in optimizers if optimizer not in there})


def place(folder: Path, machine: Mapping[str, Any]) -> Path:
    """Where the times of a machine are."""
    return folder / f"{fingerprint(machine)}.json"


def find(folder: Path, machine: Mapping[str, Any]) -> tuple[BaselineTimes, bool]:
    """The times of this machine, or those of the one most like it; and whether it is this one.

    Raises BaselineError where there are none, and for a file that is damaged.
    """
    own = place(folder, machine)
    if own.exists():
        return read_timings(own), True
    others = [read_timings(path) for path in sorted(folder.glob("*.json"))]
    if not others:
        raise BaselineError(
            f"there are no step times in {folder}: store some with linbench gate --update --timing gate --reason …, "
            "or compare with a revision, --against REF"
        )
    return max(others, key=lambda one: sum(one.machine.get(name) == value for name, value in machine.items())), False


def read_timings(path: Path) -> BaselineTimes:
    """The times of one file. Raises BaselineError where it is damaged, newer, or not of the machine in its name."""
    stored = files.read(path, WHAT, "store some with linbench gate --update --timing gate --reason …", _stored)
    if fingerprint(stored.machine) != path.stem:
        raise BaselineError(f"{path} is no {WHAT}: its name is not the fingerprint of its machine")
    return stored


def write_timings(folder: Path, stored: BaselineTimes) -> Path:
    """Replace the file of a machine at once, or not at all. Raises BaselineError where it cannot be written."""
    path = place(folder, stored.machine)
    files.replace(path, WHAT, as_text(stored))
    return path


def as_text(stored: BaselineTimes) -> str:
    """The whole file: sorted, a line for the values of all processes."""
    blocks = ",\n".join(f"    {as_json(label)}: {{\n{_lines(label, stored)}\n    }}" for label in sorted(stored.steps))
    head = {"schema": SCHEMA, "machine": dict(stored.machine)}
    lines = [f"  {as_json(name)}: {as_json(value)}" for name, value in head.items()]
    return "{\n" + ",\n".join(lines) + f',\n  "steps": {{\n{blocks}\n  }}\n}}\n'


def _lines(label: str, stored: BaselineTimes) -> str:
    times = stored.steps[label]
    content = {
        "ratios": list(times.ratios),
        "control": list(times.control),
        "versions": dict(sorted(times.versions.items())),
        "reason": stored.reasons.get(label, ""),
    }
    return ",\n".join(f"      {as_json(name)}: {as_json(value)}" for name, value in content.items())


def _stored(document: Any) -> BaselineTimes:
    files.check_schema(document, SCHEMA, ("machine", "steps"))
    files.check_fields("the file", {k: v for k, v in document.items() if k != "schema"}, _HEAD)
    steps = document["steps"]
    for label, content in steps.items():
        if not label or not label.isprintable():
            raise Corrupt(f"a step is called {label!r}")
        files.check_fields(label, content, _FIELDS)
    times = {
        label: StepTimes(tuple(content["ratios"]), tuple(content["control"]), content["versions"])
        for label, content in steps.items()
    }
    reasons = {label: content["reason"] for label, content in steps.items()}
    return BaselineTimes(document["machine"], times, reasons)


def _is_ratios(value: Any) -> bool:
    return files.is_vector(value) and min(value) > 0 and len(value) <= _MOST_PROCESSES


def _is_machine(value: Any) -> bool:
    return isinstance(value, dict) and all(
        files.is_line(name) and (files.is_line(one) or files.is_count(one)) for name, one in value.items()
    )


_MOST_PROCESSES = 100
"""More make the exact test slow, and have not been asked for by anybody."""

_RATIOS = (_is_ratios, f"a list of 1 to {_MOST_PROCESSES} positive numbers")
_FIELDS: Fields = {"ratios": _RATIOS, "control": _RATIOS, "versions": VERSIONS, "reason": REASON}
_HEAD: Fields = {
    "machine": (_is_machine, "what a machine is, by name"),
    "steps": (lambda value: isinstance(value, dict), "an object"),
}
