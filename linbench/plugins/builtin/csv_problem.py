"""A regression problem from a CSV file."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from linbench import Problem, ProblemError
from linbench.plugins.builtin.standardize import standardized


def csv_file(
    seed: int,  # noqa: ARG001  the file is the same for every seed
    path: str,
    target: str | Sequence[str],
    features: str | Sequence[str] | None = None,
    standardize: bool = False,
) -> Problem:
    """Rows of a CSV file with a header line.

    target: the column to predict, or several. features: the columns to predict it from, in this order; all others
    by default. standardize: shift and scale each feature to mean 0 and standard deviation 1.
    Raises ProblemError, naming file, line and column, for whatever cannot be used.
    """
    header, rows = _read(Path(str(path)))
    targets = _columns(path, header, target)
    others = [name for name in header if name not in targets]
    chosen = others if features is None else _columns(path, header, features)
    if not chosen:
        raise ProblemError(f"{path}: no column is left to be a feature")
    both = [name for name in chosen if name in targets]
    if both:
        raise ProblemError(f"{path}: column {both[0]!r} cannot be both feature and target")
    X, y = (_numbers(path, header, rows, names) for names in (chosen, targets))
    if standardize:
        return standardized(X, y, chosen, targets, where=str(path))
    return Problem(X, y, chosen, targets)


def _read(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header and the rows that are not blank, with their line numbers."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except OSError as error:
        raise ProblemError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemError(f"{path} is not a CSV file: {error}") from None
    if not lines:
        raise ProblemError(f"{path} is empty")
    header = [name.strip() for name in lines[0][1]]
    if len(lines) == 1:
        raise ProblemError(f"{path} has a header line and no rows")
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise ProblemError(f"{path}: two columns are named {repeated!r}")
    return header, lines[1:]


def _columns(path: str, header: Sequence[str], names: str | Sequence[str]) -> list[str]:
    wanted = [str(name) for name in ([names] if isinstance(names, str) or not isinstance(names, Sequence) else names)]
    for name in wanted:
        if name not in header:
            known = ", ".join(known if known.isprintable() else repr(known) for known in header)
            raise ProblemError(f"{path} has no column {name!r}: its columns are {known}")
    return wanted


def _numbers(
    path: str, header: Sequence[str], rows: Sequence[tuple[int, list[str]]], names: Sequence[str]
) -> list[list[float]]:
    positions = [header.index(name) for name in names]
    table = []
    for line, row in rows:
        if len(row) != len(header):
            raise ProblemError(f"{path} line {line}: {len(row)} values where the header names {len(header)} columns")
        table.append([_number(path, line, header[position], row[position]) for position in positions])
    return table


def _number(path: str, line: int, column: str, text: str) -> float:
    try:
        value = float(text.replace("_", "?"))  # Python reads 1_000 as a number, a CSV file does not mean one
    except ValueError:
        raise ProblemError(f"{path} line {line}, column {column!r}: {text.strip()!r} is not a number") from None
    if not math.isfinite(value):
        raise ProblemError(f"{path} line {line}, column {column!r}: {text.strip()!r} is not a finite number")
    return value
