"""The printed table, cell by cell, and the lines below it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.truth.claims import Row, named_rows
from benchmarks.truth.digits import NOTHING, is_shown, number
from linbench.results.table.render import render

if TYPE_CHECKING:
    from benchmarks.truth.sample import Run

_SPREAD = re.compile(r"(?P<middle>\S+)(?: \[(?P<low>[^–]+|-?[^–]+)–(?P<high>.+)\])?")


def table_of(runs: Sequence[Run]) -> tuple[list[dict[str, str]], str]:
    """Return the cells of the table that is printed of runs, by column, and all text below it."""
    text = render([run.record for run in runs], style="tsv", width=10**6)
    table, _, below = text.partition("\n\n")
    lines = [[cell.strip() for cell in line.split("\t")] for line in table.splitlines()]
    return [dict(zip(lines[0], cells, strict=True)) for cells in lines[1:]], below


def check_cells(cells: Sequence[dict[str, str]], rows: Sequence[Row]) -> Iterator[tuple[str, str, str | None]]:
    """Yield the column, the cell and what is false in it (or None), for every cell of a table that is not folded."""
    order = []
    for line in cells:
        name = f"{line['optimizer']} {line['model']}"
        try:
            ((row, _),) = named_rows(name, rows)
        except ValueError as error:
            yield "optimizer", name, str(error)
            continue
        order.append(row)
        for column, cell in line.items():
            if column in _COLUMNS:
                yield column, cell, _COLUMNS[column](row, cell)
            elif column not in ("optimizer", "model"):
                yield column, cell, "a column without a checker"
    yield "order of rows", str(len(order)), _order_fault(order)
    if len(order) != len(rows):
        yield "rows", str(len(order)), f"there are {len(rows)}"


def _order_fault(order: Sequence[Row]) -> str | None:
    """Rows come by their median epochs to the target, then by their median gap, as far as that is known."""
    keys = [
        (_median(_epochs(row)), _median([float(run.gap) for run in row.runs if run.trained] or [np.inf]))
        for row in order
    ]
    truths = {id(run.truth): run.truth for row in order for run in row.runs if run.trained}.values()
    for first, second in itertools.pairwise(keys):
        slack = max((truth.gap_rounding(first[1]) for truth in truths), default=0.0) + 1e-300
        if first[0] > second[0] or (first[0] == second[0] and first[1] > second[1] * (1 + 1e-6) + slack):
            return f"{first} comes before {second}"
    return None


def _epochs(row: Row) -> list[float]:
    return [run.record.epochs_to_target if run.record.status.value == "converged" else np.inf for run in row.runs]


def _median(values: Sequence[float]) -> float:
    """The median; of an even number the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def _status(row: Row, cell: str) -> str | None:
    statuses = [run.record.status.value for run in row.runs]
    right = statuses[0] if len(statuses) == 1 else f"{statuses.count('converged')}/{len(statuses)} converged"
    return None if cell == right else f"it is {right}"


def _spread_fault(cell: str, values: Sequence[float], slacks: Sequence[float] | None = None) -> str | None:
    """Return what is false in `median [least–most]`."""
    slack = max(slacks) if slacks else 0.0
    found = _SPREAD.fullmatch(cell)
    if found is None:
        return "no number"
    expected = {"middle": _median(values), "low": min(values), "high": max(values)}
    for name, value in expected.items():
        text = found[name] or found["middle"]
        if not is_shown(text, value, slack):
            return f"{name} is {value!r}"
    return None


def _epochs_cell(row: Row, cell: str) -> str | None:
    epochs = _epochs(row)
    if cell == NOTHING:
        return None if all(map(np.isinf, epochs)) else f"they are {epochs}"
    found = _SPREAD.fullmatch(cell)
    if found is not None and found["middle"] == NOTHING and np.isinf(_median(epochs)):
        known = is_shown(found["low"], min(epochs)) and is_shown(found["high"], max(epochs))
        return None if known else f"they are {epochs}"
    return _spread_fault(cell, epochs)


def _gap_cell(row: Row, cell: str) -> str | None:
    if not all(run.trained for run in row.runs):
        return None if cell == NOTHING or row.first.trained else "a run without a gap"
    gaps = [float(run.gap) for run in row.runs]
    if any(np.isnan(run.theta).any() for run in row.runs) and "∞" not in cell and cell != NOTHING:
        return "a run ended without a gap"
    return (
        None
        if cell in (NOTHING, "∞") and np.isinf(max(gaps))
        else _spread_fault(cell, gaps, [_gap_slack(row.runs, gap) for gap in gaps])
    )


def _gap_slack(runs: Sequence[Run], gap: float) -> float:
    """Return by how much a gap may be off, for the optimum is rounded to float64."""
    return max((run.truth.gap_rounding(gap) for run in runs), default=0.0)


def _cost_cell(row: Row, cell: str) -> str | None:
    """The cost is that of the final parameters, but for the rounding of costs in the run's dtype."""
    if not all(run.trained for run in row.runs):
        return None
    costs = [float(run.gap + run.truth.optimum_cost) for run in row.runs]
    recorded = [run.costs[-1] for run in row.runs]
    if not np.isfinite(recorded).all():
        return None if "∞" in cell or cell == NOTHING else f"recorded {recorded}"
    if not np.isfinite(costs).all():
        return f"the parameters give {costs}"
    slacks = [run.truth.cost_rounding(run.theta, cost, run.eps) for run, cost in zip(row.runs, costs, strict=True)]
    return _spread_fault(cell, costs, slacks)


def _parameter_cell(row: Row, cell: str, index: int) -> str | None:
    values = [run.record.weight[0][0] if index == 0 else run.record.bias[0] for run in row.runs if run.record.weight]
    if len(values) < len(row.runs):
        return None if cell == NOTHING else "some have no parameters"
    known = [np.inf if np.isnan(value) else value for value in values]
    return (
        None
        if (cell in (NOTHING, "∞", "-∞") and np.isinf(_median(known))) or is_shown(cell, _median(known))
        else f"they are {values}"
    )


_COLUMNS = {
    "status": _status,
    "epochs": _epochs_cell,
    "cost": _cost_cell,
    "gap": _gap_cell,
    "W": lambda row, cell: _parameter_cell(row, cell, 0),
    "b": lambda row, cell: _parameter_cell(row, cell, 1),
}


def check_sweep(cells: Sequence[dict[str, str]], rows: Sequence[Row]) -> Iterator[tuple[str, str, str | None]]:
    """Yield the same for a table that is folded to one line per optimizer and model."""
    for line in cells:
        name = line["optimizer"].partition(":")[0]
        mine = [row for row in rows if row.first.record.optimizer == name and row.first.record.model == line["model"]]
        runs = [run for row in mine for run in row.runs]
        statuses = [run.record.status.value for run in runs]
        medians = [_median(_epochs(row)) for row in mine]
        gaps = [_median([float(run.gap) if run.trained else np.inf for run in row.runs]) for row in mine]
        best = min(zip(medians, gaps, strict=True)) if mine else (np.inf, np.inf)
        expected: dict[str, object] = {
            "converged": f"{statuses.count('converged')}/{len(statuses)}",
            "diverged": str(statuses.count("diverged")),
            "epochs": best[0],
            "gap": best[1],
            "median epochs": _median(medians),
            "median gap": _median(gaps),
        }
        for column, value in expected.items():
            cell = line[column]
            if isinstance(value, str):
                fine = cell == value
            else:
                fine = (
                    cell in (NOTHING, "∞")
                    if np.isinf(value)
                    else is_shown(cell, value, _gap_slack(runs, value) if "gap" in column else 0.0)
                )
            yield f"sweep {column}", cell, None if fine else f"it is {value!r}"
        yield "sweep range", line["lr within 2x of best"], _range_fault(line["lr within 2x of best"], line, mine)


def _range_fault(cell: str, line: dict[str, str], rows: Sequence[Row]) -> str | None:
    """Every lr of the range, all else as in the best row, takes at most twice the best epochs or gap."""
    if cell == NOTHING:
        return None
    arrives = line["epochs"] != NOTHING
    keys = [
        (_median(_epochs(row)), _median([float(run.gap) if run.trained else np.inf for run in row.runs]))
        for row in rows
    ]
    best = rows[keys.index(min(keys))]
    limit = 2 * min(keys)[0 if arrives else 1]
    low, high = map(number, cell.split("–"))
    others = {key: value for key, value in best.first.record.params.items() if key != "lr"}
    for row, key in zip(rows, keys, strict=True):
        params = dict(row.first.record.params)
        lr = params.pop("lr", None)
        inside = lr is not None and low * (1 - 1e-3) <= lr <= high * (1 + 1e-3)
        edge = inside and (lr < low * (1 + 1e-3) or lr > high * (1 - 1e-3))
        if params == others and inside and not edge and key[0 if arrives else 1] > limit * (1 + 1e-6):
            return f"lr {lr} takes {key}"
    return None
