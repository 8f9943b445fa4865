"""`linbench runs`, and what the commands that train leave in the store."""

import csv
import io
import json
import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys

import pytest

ONE = "compare -o sgd -m manual --epochs 3 --no-timing"
THREE = "compare -o sgd,adam,rmsprop -m manual --epochs 3 --no-timing"


@pytest.fixture
def path(tmp_path, monkeypatch):
    """The store of these tests, as LINBENCH_STORE names it."""
    path = tmp_path / "store" / "runs.sqlite"
    monkeypatch.setenv("LINBENCH_STORE", str(path))
    return path


@pytest.fixture
def done(linbench, path):
    """Run a command that must succeed in silence; returns its stdout."""

    def run(arguments):
        result = linbench(arguments)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout

    return run


def test_a_command_that_trains_stores_its_records_and_says_nothing_of_it(done, path):
    fresh = json.loads(done(f"{THREE} --format json"))
    exported = json.loads(done("runs export"))
    assert exported["records"] == fresh["records"]
    assert exported["problems"] == fresh["problems"]
    assert fresh["environment"].items() <= exported["environment"].items()


@pytest.mark.parametrize("options", ["--no-store", "--store {path}"])
def test_where_records_go_can_be_said(linbench, monkeypatch, tmp_path, options):
    usual, named = tmp_path / "usual.sqlite", tmp_path / "named.sqlite"
    monkeypatch.setenv("LINBENCH_STORE", str(usual))
    assert linbench(f"{ONE} {options.format(path=named)}").exit_code == 0
    assert not usual.exists()
    assert named.exists() == ("path" in options)


def test_without_a_word_they_go_to_the_users_data_directory(linbench, monkeypatch, tmp_path):
    monkeypatch.delenv("LINBENCH_STORE")
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: tmp_path / name)
    assert linbench(ONE).exit_code == 0
    assert (tmp_path / "linbench" / "runs.sqlite").is_file()


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
    assert versions.startswith("linbench 0.1.0 · torch ")
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


def test_diff_says_what_changed(done, path):
    done(f"{THREE} --lr 0.01")
    done("compare -o sgd,adam,adamw -m manual --epochs 3 --no-timing --lr 0.01")
    with sqlite3.connect(path) as store:
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


def test_deleting_gives_the_space_back(done, path):
    done("compare -o sgd --lr 1e-3..1e-1@400 -m manual --epochs 2 --no-timing")
    size = path.stat().st_size
    done("runs delete last")
    assert path.stat().st_size < size / 4


def test_prune_keeps_the_newest_and_says_what_went(done, refused, path):
    for _ in range(4):
        done(ONE)
    assert done("runs prune --older-than 1") == "deleted 0 runs with 0 records; 4 runs left\n"
    assert done("runs prune --keep 3") == "deleted 1 run with 1 record; 3 runs left\n"
    with sqlite3.connect(path) as store:
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


def test_resume_trains_only_what_is_missing(done):
    first = done(f"{ONE} --format json")
    again = done(f"{THREE} --resume --format json")
    assert json.loads(again)["records"][0] == json.loads(first)["records"][0]
    assert "3 records, 1 from earlier runs" in done("runs show")
    assert done(f"{THREE} --resume --format jsonl") == done("runs export --format jsonl")
    assert "3 records, 3 from earlier runs" in done("runs show")
    done(f"{THREE} --rerun")
    assert "3 records\n" in done("runs show")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (f"{ONE} --no-store --resume", "--resume needs a store: name one with --store"),
        (f"{ONE} --no-store --store x", "--store and --no-store exclude each other"),
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


def test_a_store_that_cannot_be_used_stops_a_command_before_it_trains(refused, path, monkeypatch):
    path.parent.mkdir()
    path.write_text("this is no store\n" * 100)
    monkeypatch.setattr("linbench.core.running.runner.run", lambda *_: pytest.fail("it trained"))
    reason = f"the store {path} cannot be used: it is not an SQLite file"
    for arguments in (ONE, f"{ONE} --format jsonl", f"{ONE} --resume", "runs list", "runs delete 1"):
        assert refused(arguments).startswith(reason)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
@pytest.mark.sampled(keep=1)
@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_disk_that_fills_up_in_mid_run_costs_a_line_and_exit_code_1_and_no_result(as_command, path, format_):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    arguments = f"compare -o sgd --lr 1e-3..1e-1@1000 -m manual --epochs 2 --no-timing --format {format_}"
    process = subprocess.run(
        as_command(*arguments.split()),
        env={**os.environ, "LINBENCH_STORE": str(path), "LINBENCH_PLUGINS": ""},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    told = rf"linbench: records were not stored in {path} after the first (\d+): the disk .*\n"
    kept = int(re.fullmatch(told, process.stderr)[1])
    assert 0 < kept < 1000
    assert process.stdout.count('"key"') == 1000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_after_a_kill_the_same_command_resumes_where_it_was(as_command, done, linbench, path):
    arguments = "compare -o sgd --lr 1e-3..1e-1@30 -m manual --epochs 200 --no-timing --engine serial --format jsonl"
    with subprocess.Popen(
        as_command(*arguments.split()),
        env={**os.environ, "LINBENCH_PLUGINS": ""},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        for _ in range(10):
            assert process.stdout.readline()
        while not int(_records(linbench)):
            pass  # half a second at most
        process.kill()
    stored = int(_records(linbench))
    assert stored > 0
    done(f"{arguments} --resume")
    assert f"30 records, {stored} from earlier runs" in done("runs show")


def _records(linbench):
    """How many records the newest run has, as `runs list` says."""
    return linbench("runs list").stdout.splitlines()[2].split()[3]


def test_an_interrupt_keeps_what_was_done(linbench, path, plugin):
    source = """
import torch

class Interrupting(torch.optim.SGD):
    def step(self, closure=None):
        raise KeyboardInterrupt

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "ctrl-c", Interrupting)]
"""
    options = f"--epochs 2 --no-timing --engine serial --plugin {plugin(source)}"
    for format_ in ("table", "jsonl"):
        assert linbench(f"compare -o sgd,ctrl-c,adam -m manual {options} --format {format_}").exit_code == 130
        heading = linbench("runs show").stdout.splitlines()[0]
        assert heading.endswith("· interrupted · 1 of 3 records")
