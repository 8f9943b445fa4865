"""Step times that are committed: `baseline/timing/<fingerprint>.json`, one file a machine, raw values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from linbench.gate import files
from linbench.gate.files import REASON, VERSIONS, BaselineError, Corrupt, Field, Fields, as_blocks, as_json
from linbench.gate.timing.decision import SideTimes, StepTimes
from linbench.gate.timing.fingerprint import fingerprint

SCHEMA = 1
"""Version of the file."""

WHAT = "baseline of step times"


@dataclass(frozen=True, slots=True)
class BaselineTimes:
    """The step times of one machine. steps: times by the step they are of. reasons: why each was last changed."""

    machine: Mapping[str, Any]
    steps: Mapping[str, StepTimes] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)

    def of(self, optimizers: Mapping[str, str]) -> SideTimes:
        """Return the times of these optimizers, each with the step that it does; those without any are unmeasured."""
        there = {optimizer: self.steps[step] for optimizer, step in optimizers.items() if step in self.steps}
        missing = "no step times are stored for it: add them with --update --timing gate"
        return SideTimes(there, {optimizer: missing for optimizer in optimizers if optimizer not in there})


def place(folder: Path, machine: Mapping[str, Any]) -> Path:
    """Return the path of a machine's times."""
    return folder / f"{fingerprint(machine)}.json"


def find_times(folder: Path, machine: Mapping[str, Any]) -> BaselineTimes:
    """Return the times of this machine, else those of the one most like it.

    Raises BaselineError where there are none, and for a file that is damaged.
    """
    own = place(folder, machine)
    if own.exists():
        return read_times(own)
    others = [read_times(path) for path in sorted(folder.glob("*.json"))]
    if not others:
        raise BaselineError(
            f"there are no step times in {folder}: store some with linbench gate --update --timing gate --reason …, "
            "or compare with a revision, --against REF"
        )
    return max(others, key=lambda one: sum(one.machine.get(name) == value for name, value in machine.items()))


def read_times(path: Path) -> BaselineTimes:
    """Return the times of one file.

    Raises BaselineError where it is damaged, newer, or not of the machine in its name.
    """
    times = files.read(path, WHAT, "store some with linbench gate --update --timing gate --reason …", _parse)
    if fingerprint(times.machine) != path.stem:
        raise BaselineError(f"{path} is no {WHAT}: its name is not the fingerprint of its machine")
    return times


def write_times(folder: Path, times: BaselineTimes) -> Path:
    """Replace the file of a machine at once, or not at all, and return its path.

    Raises BaselineError where it cannot be written.
    """
    path = place(folder, times.machine)
    files.replace(path, WHAT, as_text(times))
    return path


def as_text(times: BaselineTimes) -> str:
    """Return the whole file: sorted, a line for the values of all processes."""
    head = {"schema": SCHEMA, "machine": dict(times.machine)}
    lines = [f"  {as_json(name)}: {as_json(value)}" for name, value in head.items()]
    blocks = as_blocks({label: _content(times.steps[label], times.reasons.get(label, "")) for label in times.steps})
    return "{\n" + ",\n".join(lines) + f',\n  "steps": {{\n{blocks}\n  }}\n}}\n'


def _content(times: StepTimes, reason: str) -> dict[str, object]:
    return {
        "ratios": list(times.ratios),
        "control": list(times.control),
        "versions": dict(sorted(times.versions.items())),
        "reason": reason,
    }


def _parse(document: Any) -> BaselineTimes:
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

_RATIOS = Field(_is_ratios, f"a list of 1 to {_MOST_PROCESSES} positive numbers")
_FIELDS: Fields = {"ratios": _RATIOS, "control": _RATIOS, "versions": VERSIONS, "reason": REASON}
_HEAD: Fields = {
    "machine": Field(_is_machine, "what a machine is, by name"),
    "steps": Field(lambda value: isinstance(value, dict), "an object"),
}
