"""Draws, runs, tables of few rows, and the verdict on each thing said."""

from __future__ import annotations

import json
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.truth.claims import Row, rows_of
from benchmarks.truth.documents import check_problem, check_record
from benchmarks.truth.draw import Draw, draw
from benchmarks.truth.explanation import check_explanation
from benchmarks.truth.readings import check_below
from benchmarks.truth.sample import Run, make_runs
from benchmarks.truth.sentences import check_note
from benchmarks.truth.tables import check_cells, check_sweep, table_of
from linbench import Comparison

MOST_ROWS = 12
"""The most rows of a table in which runs are described one by one."""


@dataclass(frozen=True)
class Finding:
    """Something false, or unknown: what was said, what is true, and how to see it again."""

    kind: str
    said: str
    truth: str
    draw: int
    master: int
    spec: str = ""

    def __str__(self) -> str:
        return f"[{self.kind}] {self.said}\n    but {self.truth}\n    {self.snippet}"

    @property
    def snippet(self) -> str:
        table = self.spec or "all"
        return f"python -m benchmarks.truth --seed {self.master} --draw {self.draw}  # table {table}"


@dataclass
class Tally:
    """How many things of each kind were held to the truth, and what of them was false. rows: records."""

    rows: int = 0
    tables: int = 0
    checked: Counter = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.rows += other.rows
        self.tables += other.tables
        self.checked.update(other.checked)
        self.findings += other.findings

    @property
    def false(self) -> Counter:
        return Counter(finding.kind for finding in self.findings)


def check_draw(number: int, master: int = 0) -> Tally:
    """Run one draw and hold all that is said of it to the truth."""
    tally, drawn = Tally(), draw(number, master)
    try:
        runs = make_runs(drawn)
        for table, members in enumerate(_tables(drawn, rows_of(runs))):
            tally.tables += 1
            for kind, said, fault in _verdicts(members):
                tally.checked[kind] += 1
                if fault is not None:
                    tally.findings.append(Finding(kind, str(said)[:600], fault[:600], number, master, str(table)))
        tally.rows += len(runs)
        for kind, said, fault in _sweep_verdicts(rows_of(runs)):
            tally.checked[kind] += 1
            if fault is not None:
                tally.findings.append(Finding(kind, str(said)[:600], fault[:600], number, master, "sweep"))
        for kind, said, fault in _explain_verdicts(drawn):
            tally.checked[kind] += 1
            if fault is not None:
                tally.findings.append(Finding(kind, str(said)[:600], fault[:600], number, master, "explain"))
    except Exception:  # a harness that fails on a draw has checked nothing of it
        tally.findings.append(Finding("harness", f"draw {number}", traceback.format_exc()[-900:], number, master))
    return tally


def check_task(task: tuple[int, int]) -> Tally:
    """Check a draw, given as its number and the master seed, in a process of its own."""
    torch.set_num_threads(1)
    return check_draw(*task)


def _tables(drawn: Draw, rows: Sequence[Row]) -> Iterator[list[Run]]:
    """Yield the runs of tables of few rows, cut at random."""
    rng = np.random.default_rng(drawn.number)
    order, at = list(rng.permutation(len(rows))), 0
    while at < len(order):
        size = int(rng.integers(1, MOST_ROWS + 1))
        yield [run for place in order[at : at + size] for run in rows[place].runs]
        at += size


def _verdicts(runs: Sequence[Run]) -> Iterator[tuple[str, object, str | None]]:
    """Yield the kind, the words and what is false in them, for everything that is said of the runs of one table."""
    rows = rows_of(runs)
    comparison = Comparison([run.record for run in runs], len(runs))
    document = json.loads(comparison.to_json())
    for note in document["notes"]:
        yield f"note: {note['kind']}", note["text"], "; ".join(check_note(note, rows)) or None
    cells, below = table_of(runs)
    for column, cell, fault in check_cells(cells, rows):
        yield f"cell: {column}", cell, fault
    texts = [note["text"] for note in document["notes"]]
    notes, _, seeds = below.partition("\n\n")
    yield "printed notes", len(texts), None if notes.split("\n") == texts else f"printed are {notes!r}"
    printed = "".join(str(comparison).split())
    fault = None if "".join("".join(texts).split()) in printed or "leftouttofit" in printed else "the table lacks them"
    yield "notes at 100 columns", len(texts), fault
    yield from check_below(seeds, rows, document.get("statistics"))
    for content, run in zip(document["records"], runs, strict=True):
        yield from ((f"json: {kind}", value, fault) for kind, value, fault in check_record(content, run))
    trained = [run for run in runs if run.trained]
    if trained and len({id(run.truth) for run in trained}) == 1:
        for content in document["problems"].values():
            yield from ((f"json: {kind}", value, fault) for kind, value, fault in check_problem(content, trained[0]))


def _sweep_verdicts(rows: Sequence[Row]) -> Iterator[tuple[str, object, str | None]]:
    """Yield the same for the one table of all rows, where it is folded to one row per optimizer."""
    if len(rows) <= 30:
        return
    cells, _below = table_of([run for row in rows for run in row.runs])
    yield from ((f"cell: {column}", cell, fault) for column, cell, fault in check_sweep(cells, rows))
    document = json.loads(Comparison([run.record for row in rows for run in row.runs], 0).to_json())
    for note in document["notes"]:
        yield f"note: {note['kind']}", note["text"], "; ".join(check_note(note, rows)) or None


def _explain_verdicts(drawn: Draw) -> Iterator[tuple[str, object, str | None]]:
    """Yield the same for `linbench explain`, on every third draw of one target."""
    truth = drawn.truths[drawn.seeds[0]]
    if drawn.number % 3 or truth.y.shape[1] > 1 or not truth.scale:
        return
    factor = (0.5, 0.99, 1.01, 1.5)[drawn.number // 3 % 4]
    yield from check_explanation(truth, float(drawn.options["target"]), factor)
