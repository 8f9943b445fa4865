"""A store that an earlier linbench wrote is read and shown; its records are of older rules, and none is resumed.

`data/store-of-0.1.0.sqlite.gz` was written by commit ba3c832, before the modules of linbench moved to where they are.
"""

import contextlib
import dataclasses
import functools
import gzip
import json
import sqlite3
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

import linbench
from linbench import Problem, Store
from linbench.cli.main import main
from linbench.core.criteria import RULES
from linbench.core.request import settings as settings_module
from linbench.results.serialize import as_json

WRITTEN = Path(__file__).parent / "data" / "store-of-0.1.0.sqlite.gz"

LINE = Problem(
    torch.tensor([[1.0], [2.0], [3.0], [5.0]], dtype=torch.float64),
    torch.tensor([1.0, 2.0, 2.5, 4.5], dtype=torch.float64),
)

COMPARISONS = [
    {"optimizers": "sgd:lr=[0.01,0.1],momentum=0.9,adam", "seeds": 2},
    {
        "optimizers": "sgd",
        "problems": [LINE, "synthetic:n=12,d=3"],
        "models": "linear",
        "batch_size": 2,
        "dtype": "float64",
    },
    {
        "optimizers": [torch.optim.Adam, functools.partial(torch.optim.SGD, lr=0.05, momentum=0.5)],
        "models": torch.nn.Linear,
    },
    {"optimizers": "krylov-limit,lbfgs", "models": "manual", "engine": "serial"},
]


@pytest.fixture
def older(tmp_path):
    """The path of a copy of the older store."""
    path = tmp_path / "runs.sqlite"
    path.write_bytes(gzip.decompress(WRITTEN.read_bytes()))
    return path


@pytest.fixture
def older_versions(older, monkeypatch):
    """Keys are made as with the versions of linbench and torch that wrote the store."""
    run = Store(older).run()
    monkeypatch.setattr(settings_module, "version_of", {"linbench": run.linbench, "torch": run.torch}.__getitem__)


def test_an_older_store_lists_its_runs_and_reads_their_records(older):
    runs = Store(older).runs()
    assert [(run.id, run.outcome, run.records) for run in runs] == [
        (4, "done", 2),
        (3, "done", 2),
        (2, "done", 2),
        (1, "done", 12),
    ]
    assert [len(list(Store(older).records(run))) for run in runs] == [2, 2, 2, 12]


def test_records_of_an_older_store_are_of_the_first_rules_and_keep_their_keys(older):
    with contextlib.closing(sqlite3.connect(older)) as connection:
        keys = connection.execute("SELECT lower(hex(key)) FROM records ORDER BY run, position").fetchall()
    records = [record for run in (1, 2, 3, 4) for record in Store(older).records(Store(older).run(run))]
    assert [record.key for record in records] == [key for (key,) in keys]
    assert {(record.rules, record.lr_is_default, record.ending) for record in records} == {(1, False, None)}


@pytest.mark.parametrize(("request_", "run"), list(zip(COMPARISONS, (1, 2, 3, 4), strict=True)))
def test_none_of_the_older_records_is_resumed(older, older_versions, request_, run):
    expected = list(Store(older).records(Store(older).run(run)))
    resumed = linbench.compare(**request_, epochs=20, timing=False, store=older, resume=True)
    stored = Store(older).run()
    assert (stored.id, stored.records, stored.reused) == (5, len(expected), 0)
    assert not {record.key for record in resumed} & {record.key for record in expected}
    assert list(Store(older).records(Store(older).run(run))) == expected


@pytest.fixture
def runs(older):
    """`linbench runs …` on the older store; returns its stdout."""

    def call(arguments):
        result = CliRunner().invoke(main, ["runs", *arguments.split(), "--store", str(older)])
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return call


def test_an_older_run_is_shown_and_said_not_to_be_resumed(runs):
    lines = runs("show 1").splitlines()
    assert lines[0].startswith("run 1 · ")
    head, table = lines[: lines.index("")], lines[lines.index("") :]
    assert head[-1] == "its records are of rules 1: they are shown, and not resumed"
    assert any("adam" in line for line in table)


def test_an_older_run_is_exported_with_its_rules(runs):
    records = json.loads(runs("export 1"))["records"]
    assert (len(records), {record["rules"] for record in records}) == (12, {1})
    assert runs("export 1 --format csv").count("\n") == 13


def test_a_diff_of_runs_of_other_rules_says_so_in_one_line(older, runs):
    before = list(Store(older).records(Store(older).run(1)))
    document = json.loads(as_json([dataclasses.replace(record, rules=RULES) for record in before]))
    file = older.with_name("newer.json")
    file.write_text(json.dumps(document))
    runs(f"import {file}")
    _, line, *rest = runs("diff 1 last").splitlines()
    assert line == f"rules 1 → {RULES}: statuses, epochs and default lrs may differ by them alone"
    assert rest[-1] == "0 of 12 common cases changed beyond rounding"
    assert "rules" not in runs("diff 1 1")
    assert "rules" not in runs("show last")


def test_a_run_of_which_a_part_is_older_says_how_many(older, runs):
    before = list(Store(older).records(Store(older).run(1)))
    document = json.loads(as_json([*before[:2], *(dataclasses.replace(record, rules=RULES) for record in before[2:])]))
    file = older.with_name("mixed.json")
    file.write_text(json.dumps(document))
    runs(f"import {file}")
    assert "\n2 of its records are of rules 1: they are shown, and not resumed\n" in runs("show last")
