"""Whole processes, start-up included."""

import statistics
import sys
import time

import pytest

from .processes import BARE, LINBENCH, process


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["list"]], ids=" ".join)
def test_answering_takes_at_most_two_and_a_half_times_importing_click(ratio, arguments):
    assert ratio(process(LINBENCH, *arguments), process(sys.executable, "-c", "import click"), rounds=25) <= 2.5


def test_so_does_listing_the_runs_of_a_store(ratio):
    process(LINBENCH, "compare", "-o", "sgd", "--epochs", "3", "--no-timing")()
    assert ratio(process(LINBENCH, "runs", "list"), process(sys.executable, "-c", "import click"), rounds=25) <= 2.5


@pytest.mark.parametrize(("engine", "limit"), [("serial", 1.0), ("auto", 0.7)])
def test_comparing_six_runs_is_faster_than_a_plain_script_that_trains_them(ratio, engine, limit):
    compare = process(LINBENCH, "compare", "-o", "sgd,adam,rmsprop", "-m", "manual,linear", "--engine", engine)
    assert ratio(compare, process(*BARE), rounds=9) <= limit


SWEEP = ["compare", "-o", "sgd,adam,rmsprop", "--lr", "1e-4..1e-1@1000", "-m", "manual", "--format", "json"]


def test_three_thousand_runs_cost_what_three_cost_a_plain_script(ratio, tmp_path):
    sweep = process(LINBENCH, *SWEEP, "--output", str(tmp_path / "sweep.json"))
    assert ratio(sweep, process(*BARE, "manual"), rounds=9) <= 1.0
    assert sweep() <= 1024


def test_keeping_records_costs_at_most_a_twentieth_of_a_sweep(ratio, tmp_path):
    sweep = [LINBENCH, *SWEEP, "--no-timing", "--output", str(tmp_path / "sweep.json")]
    assert ratio(process(*sweep), process(*sweep, "--no-store"), rounds=15) <= 1.05


def test_tuning_three_optimizers_by_200_trials_each_takes_one_and_a_half_times_six_plain_runs(ratio):
    tune = process(LINBENCH, "tune", "-o", "sgd,adam,rmsprop", "--budget", "200", "--seeds", "5")
    assert ratio(tune, process(*BARE), rounds=5) <= 1.5


def test_a_million_runs_take_200_seconds_and_2_gib_and_are_listed_in_half_a_second(benchmark, tmp_path):
    sweep = ["compare", "-o", "sgd", "--lr", "1e-4..1e-1@1000", "--seeds", "1000", "-m", "manual"]
    million = process(LINBENCH, *sweep, "--jobs", "2", "--format", "jsonl", "--output", str(tmp_path / "million.jsonl"))
    assert benchmark.pedantic(million, rounds=1) <= 2048
    assert benchmark.stats.stats.max <= 1_000_000 / 5_000
    times = []
    for _ in range(15):
        start = time.perf_counter()
        process(LINBENCH, "runs", "list")()
        times.append(time.perf_counter() - start)
    assert statistics.median(times) <= 0.5
