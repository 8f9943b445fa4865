"""Whole processes, start-up included."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
LINBENCH = [str(Path(sys.executable).with_name("linbench"))]


def process(*command):
    return lambda: subprocess.run(command, check=True, capture_output=True)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"]], ids=" ".join)
def test_answering_takes_at_most_two_and_a_half_times_importing_click(ratio, arguments):
    assert ratio(process(*LINBENCH, *arguments), process(sys.executable, "-c", "import click"), rounds=25) <= 2.5


def test_comparing_six_runs_takes_no_longer_than_a_plain_script_that_trains_them(ratio):
    compare = process(*LINBENCH, "compare", "-o", "sgd,adam,rmsprop", "-m", "manual,linear")
    assert ratio(compare, process(sys.executable, str(HERE / "bare_six.py")), rounds=7) <= 1.0
