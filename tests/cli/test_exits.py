"""Exit codes: 0 done, 1 a case ended in an error, 2 a mistake in the request, 130 interrupted."""

import json
import os
import signal
import subprocess
import sys

import pytest

ONE = "compare -o sgd -m manual --epochs 2 --no-timing"


@pytest.mark.parametrize("arguments", ["--help", "--version", "list", "plugins", "explain study-hours", ONE])
def test_what_is_done_exits_with_0_and_a_silent_stderr(linbench, arguments):
    result = linbench(arguments)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout


def test_a_diverged_run_is_a_result_and_no_failure(linbench):
    result = linbench("compare -o sgd:lr=10 -m manual --epochs 200 --no-timing")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "diverged" in result.stdout


FAULTY = """
import torch

class Broken(torch.optim.SGD):
    def step(self, closure=None):
        raise ValueError("no such rate")

class Interrupting(torch.optim.SGD):
    def step(self, closure=None):
        raise KeyboardInterrupt

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "broken", Broken), Component("optimizer", "ctrl-c", Interrupting)]
"""


def test_a_case_that_ends_in_error_exits_with_1_and_the_others_still_run(linbench, plugin):
    options = "compare -o broken,sgd -m manual --epochs 2 --no-timing --engine serial --format json"
    result = linbench(f"{options} --plugin {plugin(FAULTY)}")
    assert (result.exit_code, result.stderr) == (1, "")
    broken, sgd = json.loads(result.stdout)["records"]
    assert (broken["status"], broken["reason"]) == ("error", "ValueError: no such rate")
    assert sgd["status"] == "budget"


def test_a_skipped_case_is_no_failure(linbench, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    result = linbench(f"{ONE} -d cuda")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "skipped" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("compar", "unknown command 'compar': did you mean 'compare'?"),
        ("compare -o adm", "unknown optimizer 'adm': did you mean 'adam'?"),
        ("compare -m manul", "unknown model 'manul': did you mean 'manual'?"),
        ("compare -d cud", "unknown device 'cud': did you mean 'cuda'?"),
        ("compare -p study-hour", "unknown problem 'study-hour': did you mean 'study-hours'?"),
        ("compare --format jsn", "unknown format 'jsn': did you mean 'json'?"),
        ("compare -o sgd:momentun=0.9", "unknown parameter 'momentun' of optimizer 'sgd': did you mean 'momentum'?"),
        ("compare -o no_such.Optimizer", "cannot import optimizer 'no_such.Optimizer': ModuleNotFoundError"),
        ("compare -o sgd:lr=[0.1", "missing ']' in 'sgd:lr=[0.1'"),
        ("compare -o ''", "empty spec in ''"),
        ("compare -o lr=0.1", "'lr=0.1' belongs to no name: write name:lr=0.1"),
        ("compare --lr fast", "lr must be a number, a list [0.01,0.1] or a range 1e-4..1@20, not 'fast'"),
        ("compare --lr 1..0@3", "the range '1..0@3' needs two positive ends"),
        ("compare --seeds x", "seeds must be a count or whole numbers separated by commas, not 'x'"),
        ("compare --seeds 0", "at least one seed is needed"),
        ("compare --seeds 1,-1", "a seed must not be negative: -1"),
        ("compare --epochs 0", "epochs must be at least 1, not 0"),
        ("compare --epochs many", "Invalid value for '--epochs': 'many' is not a valid integer"),
        ("compare --batch-size 0", "batch size must be at least 1, not 0"),
        ("compare --target 0", "target must be a positive relative gap, not 0.0"),
        ("compare --target nan", "target must be a positive relative gap, not nan"),
        ("compare --dtype float33", "Invalid value for '--dtype': 'float33' is not one of 'float32', 'float64'"),
        ("compare --engine serail", "Invalid value for '--engine': 'serail' is not one of 'auto', 'serial'"),
        ("compare --predict 1,2", "to predict, give a value for each feature (hours): 1, not 2"),
        ("compare --predict five", "Invalid value for '--predict': 'five' is not a list of numbers"),
        ("compare --predict nan", "Invalid value for '--predict': 'nan' is not a list of numbers"),
        ("compare --log-every 0", "Invalid value for '--log-every': 0 is not in the range"),
        ("compare --trajectories 2", "Invalid value for '--trajectories': '2' is not a number of points (at least 3)"),
        ("compare --output no/such/file", "Invalid value for '--output': there is no folder 'no/such'"),
        ("compare --output .", "Invalid value for '--output': File '.' is a directory"),
        ("compare --plugin no_such.py", "plugin 'no_such.py' cannot be loaded: FileNotFoundError: no such file"),
        ("compare --plugin no_such", "plugin 'no_such' cannot be loaded: ModuleNotFoundError: No module named"),
        ("compare -p csv:path=no.csv,target=y", "cannot read no.csv: No such file or directory"),
        ("compare -p csv:path=no.csv", "problem 'csv' needs 'target': csv:target="),
        ("compare --optimizer sgd", "No such option '--optimizer'"),
        ("compare sgd", "Got unexpected extra argument (sgd)"),
        ("compare 'sgd\nadam'", "Got unexpected extra argument (sgd adam)"),
        ("list optimisers", "unknown kind 'optimisers': did you mean 'optimizers'?"),
        ("explain", "Missing argument 'PROBLEM'"),
        ("explain study-hour", "unknown problem 'study-hour': did you mean 'study-hours'?"),
        ("explain study-hours,diabetes", "explain takes one problem, not 2"),
        ("explain study-hours --format xml", "Invalid value for '--format': 'xml' is not one of 'text', 'json'"),
        ("plugins new-one", "No such command 'new-one'"),
    ],
)
def test_a_mistake_in_the_request_is_one_line_and_exits_with_2(refused, arguments, message):
    assert refused(arguments).startswith(message)


def test_debug_shows_the_traceback_of_a_mistake_above_its_line(linbench):
    *traceback, line = linbench("compare -o adm --debug").stderr.splitlines()
    assert traceback[0] == "Traceback (most recent call last):"
    assert line == "linbench: unknown optimizer 'adm': did you mean 'adam'?"


def test_no_command_at_all_shows_the_help_as_a_mistake(linbench):
    result = linbench("")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Usage: ")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a file that cannot be written")  # noqa: PTH110
def test_a_result_that_cannot_be_written_goes_to_stdout_and_exits_with_1(linbench):
    result = linbench(f"{ONE} --format json --output /dev/full")
    assert result.exit_code == 1
    assert result.stderr == "linbench: cannot write /dev/full: No space left on device; the result goes to stdout\n"
    assert len(json.loads(result.stdout)["records"]) == 1


@pytest.mark.parametrize("optimizers", ["sgd,ctrl-c,adam", "broken,ctrl-c,adam"])
def test_an_interrupted_comparison_shows_what_was_done_and_exits_with_130(linbench, plugin, optimizers):
    options = f"compare -o {optimizers} -m manual --epochs 2 --no-timing --engine serial --format json"
    result = linbench(f"{options} --plugin {plugin(FAULTY)}")
    assert result.exit_code == 130
    assert result.stderr == "linbench: interrupted after 1 of 3 runs\n"
    assert [r["optimizer"] for r in json.loads(result.stdout)["records"]] == optimizers.split(",")[:1]


def test_a_comparison_interrupted_before_its_first_run_ended_says_so(linbench, plugin):
    result = linbench(f"compare -o ctrl-c -m manual --epochs 2 --plugin {plugin(FAULTY)}")
    assert (result.exit_code, result.stdout) == (130, "no runs\n")
    assert result.stderr == "linbench: interrupted after 0 of 1 runs\n"


@pytest.mark.parametrize("arguments", ["compare", "list", "explain study-hours"])
def test_an_interrupt_before_anything_ran_exits_with_130_and_no_traceback(linbench, monkeypatch, arguments):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("linbench.plugins.manager.load_plugins", interrupted)
    result = linbench(arguments)
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_ctrl_c_in_a_real_process_shows_the_runs_done_so_far(as_command):
    # Logs are how this test knows, without waiting, that the second run has begun.
    arguments = "compare -o sgd -m linear --seeds 2 --epochs 5000 --no-timing --log-every 5000"
    process = subprocess.Popen(
        as_command(*arguments.split()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        for line in process.stderr:
            if line.startswith("study-hours") and line.endswith("seed 1\n"):
                break
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130
    assert stderr.splitlines()[-1] == "linbench: interrupted after 1 of 2 runs"
    assert "Traceback" not in stderr
    assert stdout.splitlines()[2].split()[:3] == ["sgd:lr=0.01", "linear", "converged"]


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["plugins"]])
def test_a_reader_that_is_gone_is_no_error(as_command, arguments):
    read, write = os.pipe()
    os.close(read)
    try:
        process = subprocess.run(as_command(*arguments), stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    finally:
        os.close(write)
    assert (process.returncode, process.stderr) == (0, "")


def test_a_result_piped_into_head_gives_its_first_line_and_no_traceback(as_command):
    arguments = "compare -o sgd -m manual --epochs 3000 --no-timing --format json --trajectories"
    with subprocess.Popen(
        as_command(*arguments.split()), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "{\n"
        process.stdout.close()  # with far more than a pipe holds still to come
        assert (process.stderr.read(), process.wait(timeout=60)) == ("", 0)


@pytest.mark.parametrize("arguments", [["list"], ["explain", "study-hours"]])
def test_a_terminal_of_a_legacy_encoding_is_no_reason_to_fail(as_command, output_of, arguments):
    stdout = output_of(as_command(*arguments), env={**os.environ, "PYTHONIOENCODING": "cp1252"}, errors="replace")
    assert "?" in stdout
