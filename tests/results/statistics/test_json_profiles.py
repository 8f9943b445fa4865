"""Performance profiles as data, against the functions that they come from."""

import json
import math

import pytest

from linbench import Status, Theory, Trajectory
from linbench.results.serialize import as_json
from linbench.results.statistics.json_profiles import profiles_of
from linbench.results.statistics.profiles import profile_bands, score_intervals, scores
from linbench.results.statistics.robustness import ranking_warnings
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.times import MOST_PROFILED, time_table


@pytest.fixture
def make_records(make_record):
    def make(times, **fields):
        """Rows are problems, columns optimizers; None for a failure."""
        return [
            make_record(
                problem=f"p{problem}",
                optimizer=f"o{optimizer}",
                status=Status.BUDGET if time is None else Status.CONVERGED,
                epochs_to_target=time,
                **fields,
            )
            for problem, row in enumerate(times)
            for optimizer, time in enumerate(row)
        ]

    return make


TIMES = [[10, 20, 30], [40, 10, None], [5, 5, 6], [100, 70, 80], [9, 30, None]]


def test_the_entries_are_those_of_the_table_of_times(make_records):
    records = make_records(TIMES)
    found, table = profiles_of(records), time_table(group_runs(records))
    optimizers = found["optimizers"]
    assert {one["optimizer"]: one["score"] for one in optimizers} == scores(table)
    intervals = score_intervals(table)
    assert [one["score_interval"] for one in optimizers] == [[i.low, i.high] for i in intervals.values()]
    assert [(one["taus"], one["low"], one["high"]) for one in optimizers] == [
        (band.taus, band.low, band.high) for band in profile_bands(table)
    ]
    assert found["warnings"] == ranking_warnings(table)
    assert [task["problem"] for task in found["tasks"]] == ["p0", "p1", "p2", "p3", "p4"]
    assert found["tau_max"] == 4


def test_few_problems_have_no_intervals(make_records):
    for one in profiles_of(make_records(TIMES[:2]))["optimizers"]:
        assert (one["score_interval"], one["low"], one["high"]) == (None, None, None)


@pytest.mark.parametrize("times", [[[1, 2]], [[1], [2]], [], [[1, 2]] * (MOST_PROFILED // 2 + 1)])
def test_there_are_none_for_one_optimizer_one_problem_or_too_many_groups(make_records, times):
    assert profiles_of(make_records(times)) == {}


def test_trajectories_add_targets(make_records):
    theory = Theory(((1.0,),), (0.0,), 0.0, 1.0, (0.5, 2.0), 2, 4, 1, 1)
    trajectory = Trajectory(range(101), [math.exp(-k / 4) for k in range(101)])
    fields = {"theory": theory, "trajectory": trajectory, "optimum_cost": 0.0, "dtype": "float64", "epochs_run": 100}
    found = profiles_of(make_records([[60, 60], [60, 60]], **fields))
    assert [task["target"] for task in found["tasks"]] == pytest.approx([10.0**-k for k in range(1, 11)] * 2)
    assert {one["score"] for one in found["optimizers"]} == {1.0}


def test_the_json_document_has_them_beside_the_records(make_records):
    document = json.loads(as_json(make_records(TIMES)))
    assert list(document)[-2:] == ["profiles", "records"]
    assert len(document["profiles"]["optimizers"]) == 3
