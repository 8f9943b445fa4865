"""Of processes that a user starts: stdout is for results only, and Ctrl-C leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

JUNK = {"JUNK of print", "JUNK of the real stdout", "JUNK of the file descriptor", "JUNK of a program"}


COMPARE = ["compare", "-m", "manual", "--epochs", "3", "--format", "json"]


@pytest.fixture(scope="module")
def without(command, records_of):
    return records_of(command(*COMPARE, "-o", "sgd,adam").stdout)


@pytest.mark.parametrize("options", [["--jobs", "1"], ["--isolate"]])
def test_what_a_plugin_writes_to_stdout_by_any_way_is_not_in_the_result(command, hostile, records_of, without, options):
    beside = command(*COMPARE, *options, "-o", "sgd,prints,adam", "--plugin", hostile)
    assert beside.returncode == 0
    first, _, last = records_of(beside.stdout)
    assert "JUNK" not in beside.stdout
    seen = set(beside.stderr.splitlines())
    assert seen <= JUNK  # what is buffered in a process that is gone may be lost
    assert {"JUNK of print", "JUNK of the file descriptor"} <= seen
    assert [first, last] == without


def test_lines_that_are_written_as_they_come_go_to_stdout(command, hostile):
    result = command(
        "compare", "-o", "sgd,prints", "-m", "manual", "--epochs", "3", "--format", "jsonl", "--plugin", hostile
    )
    assert [json.loads(line)["optimizer"] for line in result.stdout.splitlines()] == ["sgd", "prints"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.sampled(keep=1)
@pytest.mark.parametrize("options", [["--timeout", "300"], ["--isolate", "--no-timing", "--jobs", "1"]])
def test_ctrl_c_shows_what_was_done_and_leaves_no_process(as_command, hostile, options):
    arguments = ["-o", "sgd,hangs:lr=0.05", "-m", "manual", "--epochs", "3", "--format", "jsonl", "--plugin", hostile]
    process = subprocess.Popen(
        as_command("compare", *arguments, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if "--no-timing" in options:
        assert json.loads(process.stdout.readline())["optimizer"] == "sgd"
    wait_for(lambda: children_of(process.pid))
    children = children_of(process.pid)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    done = 1 if "--no-timing" in options else 0
    assert (process.returncode, errors) == (130, f"linbench: interrupted after {done} of 2 runs\n")
    wait_for(lambda: not any(alive(child) for child in children), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_command_that_is_killed_leaves_no_process(as_command, hostile):
    arguments = ["-o", "hangs-in-native", "-m", "manual", "--no-timing", "--isolate", "--plugin", hostile]
    process = subprocess.Popen(as_command("compare", *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(lambda: children_of(process.pid))
    children = children_of(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(child) for child in children))


def children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_a_closed_stdout_is_no_reason_to_fail(as_command):
    words = as_command("compare", "-o", "sgd", "-m", "manual", "--epochs", "3", "--no-timing", "--format", "json")
    process = subprocess.run(words, capture_output=True, preexec_fn=lambda: os.close(1), timeout=60, check=False)
    assert process.returncode == 0
