"""`linbench runs` as a user calls it."""

import csv
import io
import json
import os
import re
import sqlite3
import sys

import pytest

from linbench.core.environment import version

ONE = "compare -o sgd -m manual --epochs 3 --no-timing"
THREE = "compare -o sgd,adam,rmsprop -m manual --epochs 3 --no-timing"


def test_list_shows_the_newest_first(done):
    assert [done(ONE), done(THREE)]
    header, _, *rows = done("runs list").splitlines()
    columns = re.split(r"\s{2,}", header.strip())
    assert columns == ["run", "started (UTC)", "records", "ended", "problems", "optimizers", "linbench", "torch"] or (
        columns == ["run", "started (UTC)", "records", "errors", "ended", *columns[5:]]
    )
    assert [row.split()[0] for row in rows] == ["2", "1"]
    assert "sgd, adam, rmsprop" in rows[0]


def test_list_shows_so_many_and_says_how_many_there_are(done):
    for _ in range(3):
        done(ONE)
    *rows, _, last = done("runs list -n 2").splitlines()
    assert [row.split()[0] for row in rows[2:]] == ["3", "2"]
    assert last == "1 older run not shown: --all shows all"
    assert len(done("runs list -n 2 --all").splitlines()) == 5


def test_show_prints_the_table_of_a_run_under_how_it_was_made(done):
    table = done(THREE)
    heading, _, versions, empty, *shown = done("runs show").splitlines()
    assert re.fullmatch(r"run 1 · \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC · done · 3 records", heading)
    assert versions.startswith(f"linbench {version()} · torch ")
    assert (empty, "\n".join(shown) + "\n") == ("", table)


def test_runs_are_named_by_number_and_from_the_end(done, refused):
    for optimizer in ("sgd", "adam", "rmsprop"):
        done(f"compare -o {optimizer} -m manual --epochs 2 --no-timing")
    shown = {run: done(f"runs show {run}").split()[1] for run in ("1", "3", "last", "last-1", "last-2")}
    assert shown == {"1": "1", "3": "3", "last": "3", "last-1": "2", "last-2": "1"}
    assert refused("runs show 4") == "there is no run 4: there are 3, from 1 to 3"
    assert refused("runs show last-3") == "there is no run last-3: there are 3, from 1 to 3"
    assert refused("runs show newest") == "'newest' is no run: give its number, or last, last-1, …"
    assert refused(f"runs show {10**30}").startswith("there is no run 1000")


def test_diff_of_the_same_command_twice_finds_nothing(done):
    done(THREE)
    done(f"{THREE} --engine serial")
    lines = done("runs diff last-1").splitlines()
    assert lines[1:] == ["", "0 of 3 common cases changed beyond rounding"]


def test_diff_says_what_changed(done, store_path):
    done(f"{THREE} --lr 0.01")
    done("compare -o sgd,adam,adamw -m manual --epochs 3 --no-timing --lr 0.01")
    with sqlite3.connect(store_path) as store:
        environment, text = store.execute(
            "SELECT environment, record FROM runs JOIN records ON run = id WHERE id = 2 AND optimizer = 'sgd'"
        ).fetchone()
        store.execute(
            "UPDATE runs SET environment = ? WHERE id = 2", [environment.replace('"torch": "', '"torch": "9')]
        )
        changed = {**json.loads(text), "status": "converged", "epochs_to_target": 2, "final_cost": 50.5}
        store.execute("UPDATE records SET record = ? WHERE run = 2 AND optimizer = 'sgd'", [json.dumps(changed)])
    store.close()
    _, *lines = done("runs diff 1 2").splitlines()
    text = "\n".join(lines)
    assert re.search(r"\nenvironment: 1\n  torch: \S+ → 9\S+\n", text)
    assert "\nonly in run 1: 1\n  study-hours · manual · rmsprop:lr=0.01 · cpu · seed 0\n" in text
    assert "\nonly in run 2: 1\n  study-hours · manual · adamw:lr=0.01 · cpu · seed 0\n" in text
    assert re.search(r"manual · sgd:lr=0.01 · cpu · seed 0: status: budget → converged; cost: \S+ → 50.5\n", text)
    assert lines[-1] == "1 of 2 common cases changed beyond rounding"


def test_an_export_is_what_compare_writes(done):
    for format_ in ("jsonl", "csv"):
        assert done(f"{THREE} --format {format_}") == done(f"runs export --format {format_}")


def test_an_export_with_trajectories_has_them_in_every_format(done):
    done(f"{THREE} --trajectories")
    curves = [record["trajectory"] for record in json.loads(done("runs export"))["records"]]
    assert [curve["epoch"] for curve in curves] == [[0, 1, 2, 3]] * 3
    rows = list(csv.DictReader(io.StringIO(done("runs export --format csv"))))
    assert [json.loads(row["trajectory.cost"]) for row in rows] == [curve["cost"] for curve in curves]


def test_an_export_goes_to_a_file(done, linbench, tmp_path):
    done(ONE)
    assert done(f"runs export --output {tmp_path / 'run.json'}") == ""
    assert json.loads((tmp_path / "run.json").read_text())["records"]
    if os.path.exists("/dev/full"):  # noqa: PTH110
        result = linbench("runs export --output /dev/full")
        assert (result.exit_code, result.stderr) == (1, "linbench: cannot write /dev/full: No space left on device\n")


def test_parquet_without_pyarrow_names_the_extra(done, refused, monkeypatch, tmp_path):
    done(ONE)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    export = f"runs export --format parquet --output {tmp_path / 'run.parquet'}"
    assert refused(export) == "parquet needs pyarrow: pip install 'linbench[parquet]'"
    assert refused("runs export --format parquet") == "parquet is no text: name a file with --output."


def test_parquet_has_the_columns_of_the_csv(done, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    done(f"{THREE} --trajectories")
    done(f"runs export --format parquet --output {tmp_path / 'run.parquet'}")
    table = parquet.read_table(tmp_path / "run.parquet")
    rows = list(csv.DictReader(io.StringIO(done("runs export --format csv"))))
    assert table.column_names == list(rows[0])
    assert table["final_cost"].to_pylist() == [float(row["final_cost"]) for row in rows]
    assert table["trajectory.epoch"].to_pylist() == [[0, 1, 2, 3]] * 3


def test_delete_takes_out_what_is_named_and_says_so(done):
    for arguments in (ONE, THREE, ONE):
        done(arguments)
    assert done("runs delete 2 last 3") == "deleted run 2: 3 records\ndeleted run 3: 1 record\n"
    assert [row.split()[0] for row in done("runs list").splitlines()[2:]] == ["1"]
    assert done("runs show last").startswith("run 1 ")
    done(ONE)
    assert done("runs show last").startswith("run 4 ")  # a number is never given twice


def test_deleting_gives_the_space_back(done, store_path):
    done("compare -o sgd --lr 1e-3..1e-1@400 -m manual --epochs 2 --no-timing")
    size = store_path.stat().st_size
    done("runs delete last")
    assert store_path.stat().st_size < size / 4


def test_prune_keeps_the_newest_and_says_what_went(done, refused, store_path):
    for _ in range(4):
        done(ONE)
    assert done("runs prune --older-than 1") == "deleted 0 runs with 0 records; 4 runs left\n"
    assert done("runs prune --keep 3") == "deleted 1 run with 1 record; 3 runs left\n"
    with sqlite3.connect(store_path) as store:
        store.execute("UPDATE runs SET started = '2020-01-01T00:00:00Z' WHERE id <= 3")
    store.close()
    assert done("runs prune --keep 2 --older-than 30") == "deleted 1 run with 1 record; 2 runs left\n"
    assert done("runs prune --older-than 30") == "deleted 1 run with 1 record; 1 run left\n"
    assert refused("runs prune").startswith("say what to keep: --keep N or --older-than DAYS")


def test_an_exported_run_can_be_imported_into_another_store(done, tmp_path):
    table = done(THREE)
    done(f"runs export --output {tmp_path / 'run.json'}")
    other = f"--store {tmp_path / 'other.sqlite'}"
    assert done(f"runs import {tmp_path / 'run.json'} {other}") == f"run 1: 3 records of {tmp_path / 'run.json'}\n"
    assert table.splitlines()[:5] == done(f"runs show {other}").splitlines()[4:9]
    assert json.loads(done(f"runs export {other}"))["records"] == json.loads(done("runs export"))["records"]


def test_what_was_imported_is_never_taken_for_trained_here(done, tmp_path):
    done(f"{ONE} --format json --output {tmp_path / 'run.json'} --no-store")
    done(f"runs import {tmp_path / 'run.json'}")
    done(f"{ONE} --resume")
    assert "1 record\n" in done("runs show")  # and none of it from an earlier run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("runs show --store no/such.sqlite", "there is no store at no/such.sqlite: linbench compare makes one"),
        ("runs import no.json", "cannot read no.json: No such file or directory"),
        ("runs shwo", "No such command 'shwo'"),
    ],
)
def test_a_mistake_in_the_request_is_one_line(refused, arguments, message):
    assert refused(arguments).startswith(message)


def test_with_linbench_store_empty_there_is_none(linbench, monkeypatch):
    monkeypatch.setenv("LINBENCH_STORE", "")
    result = linbench("runs list")
    assert result.exit_code == 2
    assert result.stderr == "linbench: LINBENCH_STORE is empty, so there is no store: name one with --store\n"
