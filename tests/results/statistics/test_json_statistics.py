"""What programs are told over seeds is what was run."""

import json
import math
import statistics as python_statistics

import pytest

import linbench


def test_json_has_the_statistics_of_several_seeds_and_none_of_one():
    many = linbench.compare("sgd:lr=[0.02,0.1],adam", "linear", seeds=5, epochs=400, timing=False)
    entries = json.loads(many.to_json())["statistics"]
    assert len(entries) == 3
    for entry in entries:
        runs = [r for r in many if r.optimizer == entry["optimizer"].partition(":")[0]]
        runs = [r for r in runs if f"lr={r.params['lr']}" in entry["optimizer"]]
        reached = [r.epochs_to_target for r in runs if r.status == "converged"]
        assert (entry["runs"], entry["reached"]) == (5, len(reached))
        times = [r.epochs_to_target if r.status == "converged" else math.inf for r in runs]
        median = python_statistics.median(times)
        assert entry["epochs"]["median"] == (median if math.isfinite(median) else None)
        spent = sum(min(time, 400) for time in times)
        expected = spent / len(reached) if reached else None
        assert entry["expected_running_time"] == (pytest.approx(expected) if reached else None)
    assert "statistics" not in json.loads(linbench.compare("sgd", "manual", epochs=5, timing=False).to_json())


def test_the_table_says_what_may_be_concluded_and_what_not():
    alike = str(linbench.compare("sgd:lr=0.1,sgd:lr=0.1001", "linear", seeds=5, timing=False))
    assert "no difference between" in alike or "is faster than" not in alike
    table = str(linbench.compare("sgd:lr=0.1,adam:lr=5", "linear", seeds=8, timing=False))
    assert "adam:lr=5 is faster than sgd:lr=0.1 (on 8 of 8 seeds)" in table
    assert "over seeds" not in str(linbench.compare("sgd,adam", "linear", epochs=5, timing=False))
