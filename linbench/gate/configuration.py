"""The suite of a gate: the table `[gate]` of linbench.toml, or `[tool.linbench.gate]` of pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from linbench.core.errors import UsageError, unknown_name
from linbench.gate.files import Field, Fields

OWN_FILE, PROJECT_FILE = "linbench.toml", "pyproject.toml"
OWN_TABLE, PROJECT_TABLE = "[gate]", "[tool.linbench.gate]"

Text = str | Sequence[str]
Numbers = int | float | str | Sequence[float]

DEFAULT_OPTIMIZERS = (
    "sgd",
    "sgd:momentum=0.9",
    "sgd:momentum=0.9,nesterov=True",
    "sgd:weight_decay=0.01",
    "adam",
    "adam:lr=0.1",
    "adam:lr=0.1,amsgrad=True",
    "adam:weight_decay=0.01",
    "adamw",
    "rmsprop",
    "rmsprop:momentum=0.9,centered=True",
    "adagrad",
    "adadelta",
    "adamax",
    "nadam",
    "radam",
)
DEFAULT_PROBLEMS = ("study-hours", "synthetic:n=32,d=4,condition=10,data_seed=0")
"""One feature far from the start, and several near it. Neither is run to the end: a run that has arrived at the optimum
tells nothing of how it got there."""


@dataclass(frozen=True, slots=True)
class Suite:
    """The cases of a gate, in the words and the syntax of `linbench compare`; a list holds several."""

    optimizers: Text = DEFAULT_OPTIMIZERS
    models: Text = ("manual", "linear")
    problems: Text = DEFAULT_PROBLEMS
    seeds: int | str | Sequence[int] = 1
    epochs: int = 200
    lr: Numbers | None = None
    batch_size: int | None = None
    target: float = 1e-6
    dtype: str = "float64"


def find_suite(folder: Path) -> Suite:
    """Return the suite of a folder's linbench.toml, else of its pyproject.toml, else the default one.

    Raises UsageError for a file that cannot be read, and for keys and values that are none of a suite.
    """
    own = folder / OWN_FILE
    if own.exists() and (table := _tables(own).get("gate")) is not None:
        return suite_of(table, f"{OWN_TABLE} in {OWN_FILE}")
    project = folder / PROJECT_FILE
    if project.exists() and (table := _tables(project).get("gate")) is not None:
        return suite_of(table, f"{PROJECT_TABLE} in {PROJECT_FILE}")
    return Suite()


def read_suite(path: Path) -> Suite:
    """Return the suite of this file; raises UsageError where it holds none."""
    table = _tables(path).get("gate")
    name = PROJECT_TABLE if path.name == PROJECT_FILE else OWN_TABLE
    if table is None:
        raise UsageError(f"{path} has no table {name}")
    return suite_of(table, f"{name} in {path}")


def suite_of(table: Any, where: str) -> Suite:
    """Return the suite of a table of TOML, or of keywords.

    where: the name of the table in errors. Raises UsageError for an unknown key or a value of another type.
    """
    if not isinstance(table, Mapping):
        raise UsageError(f"{where} must be a table, not {table!r}")
    known = [one.name for one in fields(Suite)]
    for key, value in table.items():
        if key not in known:
            raise unknown_name("key", key, known, where)
        if not _FIELDS[key].fits(value):
            raise UsageError(f"{where}: {key} must be {_FIELDS[key].wanted}, not {value!r}")
    return Suite(**table)


def _tables(path: Path) -> Mapping[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path} is not TOML: {str(error).splitlines()[0]}") from None
    if path.name == PROJECT_FILE:
        tool = content.get("tool", {})
        content = tool.get("linbench", {}) if isinstance(tool, dict) else {}
    if not isinstance(content, dict):
        raise UsageError(f"{path}: tool.linbench must be a table")
    for key in content:
        if key != "gate":
            raise unknown_name("table", key, ["gate"], str(path))
    return content


def _is_specs(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str) and one.strip() for one in values)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_seeds(value: Any) -> bool:
    return isinstance(value, str) or _is_count(value) or (isinstance(value, list) and all(map(_is_count, value)))


def _is_lr(value: Any) -> bool:
    several = isinstance(value, list) and bool(value) and all(map(_is_number, value))
    return isinstance(value, str) or _is_number(value) or several


_SPECS = Field(_is_specs, "a spec or a list of specs")
_COUNT = Field(_is_count, "a whole number")
_FIELDS: Fields = {
    "optimizers": _SPECS,
    "models": _SPECS,
    "problems": _SPECS,
    "seeds": Field(_is_seeds, "a count or a list of whole numbers"),
    "epochs": _COUNT,
    "lr": Field(_is_lr, "a number or several"),
    "batch_size": _COUNT,
    "target": Field(_is_number, "a number"),
    "dtype": Field(lambda value: value in ("float32", "float64"), "'float64' or 'float32'"),
}
