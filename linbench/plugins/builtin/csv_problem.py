"""A regression problem from a CSV file."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from linbench import Problem, ProblemError
from linbench.plugins.builtin.parameter_checks import check_bools
from linbench.plugins.builtin.standardize import standardize_features


def csv_file(
    seed: int,  # noqa: ARG001  the file is the same for every seed
    path: str,
    target: str | Sequence[str],
    features: str | Sequence[str] | None = None,
    standardize: bool = False,
    intercept: bool = True,
) -> Problem:
    """Return the rows of a CSV file with a header line.

    target: the column to predict, or several. features: the columns to predict it from, in this order; all others
    by default. standardize: shift and scale each feature to mean 0 and standard deviation 1. intercept: whether one is
    fitted; without it features cannot be standardized, since it takes an intercept to make up for the shift.
    Raises ProblemError, naming file, line and column, for data that cannot be used.
    """
    check_bools("csv", {"standardize": standardize, "intercept": intercept})
    if standardize and not intercept:
        raise ProblemError(
            "csv: standardize shifts features to mean 0, which changes a fit without intercept: "
            "leave out standardize=True or intercept=False"
        )
    table = _read(path)
    targets = table.columns(target)
    others = [name for name in table.header if name not in targets]
    chosen = others if features is None else table.columns(features)
    if not chosen:
        raise ProblemError(f"{path}: no column is left to be a feature")
    both = [name for name in chosen if name in targets]
    if both:
        raise ProblemError(f"{path}: column {both[0]!r} cannot be both feature and target")
    X, y = table.numbers(chosen), table.numbers(targets)
    if standardize:
        return standardize_features(X, y, chosen, targets, where=str(path))
    return Problem(X, y, chosen, targets, intercept=intercept)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a file. line: its number in the file."""

    line: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class _Table:
    """A CSV file as text. rows: those that are not blank."""

    path: str
    header: list[str]
    rows: list[_Row]

    def columns(self, names: str | Sequence[str]) -> list[str]:
        """Return the names of one column or several; raises ProblemError for one unknown or named twice."""
        several = isinstance(names, Sequence) and not isinstance(names, str)
        wanted = list(map(str, names if several else [names]))
        for name in wanted:
            if name not in self.header:
                known = ", ".join(known if known.isprintable() else repr(known) for known in self.header)
                raise ProblemError(f"{self.path} has no column {name!r}: its columns are {known}")
            if wanted.count(name) > 1:
                raise ProblemError(f"{self.path}: column {name!r} is asked for twice")
        return wanted

    def numbers(self, names: Sequence[str]) -> list[list[float]]:
        """Return the numbers in some columns, (n, columns); raises ProblemError for other text."""
        positions = [self.header.index(name) for name in names]
        table = []
        for row in self.rows:
            if len(row.cells) != len(self.header):
                raise ProblemError(
                    f"{self.path} line {row.line}: {len(row.cells)} values where the header names "
                    f"{len(self.header)} columns"
                )
            table.append([self._number(row, position) for position in positions])
        return table

    def _number(self, row: _Row, position: int) -> float:
        text, where = row.cells[position], f"{self.path} line {row.line}, column {self.header[position]!r}"
        try:
            value = float(text.replace("_", "?"))  # Python reads 1_000 as a number, a CSV file does not mean one
        except ValueError:
            raise ProblemError(f"{where}: {text.strip()!r} is not a number") from None
        if not math.isfinite(value):
            raise ProblemError(f"{where}: {text.strip()!r} is not a finite number")
        return value


def _read(name: str) -> _Table:
    path = Path(str(name))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True)
            rows = [_Row(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except OSError as error:
        raise ProblemError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise ProblemError(f"{path} is not a CSV file: {error}") from None
    if not rows:
        raise ProblemError(f"{path} is empty")
    header = [name.strip() for name in rows[0].cells]
    if len(rows) == 1:
        raise ProblemError(f"{path} has a header line and no rows")
    repeated = next((name for name in header if header.count(name) > 1), None)
    if repeated is not None:
        raise ProblemError(f"{path}: two columns are named {repeated!r}")
    return _Table(name, header, rows[1:])
