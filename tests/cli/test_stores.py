"""The store beneath the commands that train: they fill it, and resume from it."""

import json
import os
import re
import resource
import signal
import subprocess
import sys

import pytest

ONE = "compare -o sgd -m manual --epochs 3 --no-timing"
THREE = "compare -o sgd,adam,rmsprop -m manual --epochs 3 --no-timing"


def test_a_command_that_trains_stores_its_records_and_says_nothing_of_it(done, store_path):
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


def test_without_a_word_records_go_to_the_users_data_directory(linbench, monkeypatch, tmp_path):
    monkeypatch.delenv("LINBENCH_STORE")
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: tmp_path / name)
    assert linbench(ONE).exit_code == 0
    assert (tmp_path / "linbench" / "runs.sqlite").is_file()


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
    ],
)
def test_options_of_the_store_that_exclude_each_other_are_one_line(refused, arguments, message):
    assert refused(arguments).startswith(message)


def test_a_store_that_cannot_be_used_stops_a_command_before_it_trains(refused, store_path, monkeypatch):
    store_path.parent.mkdir()
    store_path.write_text("this is no store\n" * 100)
    monkeypatch.setattr("linbench.core.running.runner.run", lambda *_: pytest.fail("it trained"))
    reason = f"the store {store_path} cannot be used: it is not an SQLite file"
    for arguments in (ONE, f"{ONE} --format jsonl", f"{ONE} --resume", "runs list", "runs delete 1"):
        assert refused(arguments).startswith(reason)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of Unix")
@pytest.mark.sampled(keep=1)
@pytest.mark.parametrize("format_", ["json", "jsonl"])
def test_a_disk_that_fills_up_in_mid_run_costs_a_line_and_exit_code_1_and_no_result(as_command, store_path, format_):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))

    arguments = f"compare -o sgd --lr 1e-3..1e-1@1000 -m manual --epochs 2 --no-timing --format {format_}"
    process = subprocess.run(
        as_command(*arguments.split()),
        env={**os.environ, "LINBENCH_STORE": str(store_path), "LINBENCH_PLUGINS": ""},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    told = rf"linbench: records were not stored in {store_path} after the first (\d+): the disk .*\n"
    kept = int(re.fullmatch(told, process.stderr)[1])
    assert 0 < kept < 1000
    assert process.stdout.count('"key"') == 1000


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_after_a_kill_the_same_command_resumes_where_it_was(as_command, done, linbench, store_path):
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
    """Return the number of records of the newest run, as `runs list` says."""
    return linbench("runs list").stdout.splitlines()[2].split()[3]


def test_an_interrupt_keeps_what_was_done(linbench, store_path, plugin):
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
