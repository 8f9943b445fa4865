"""Profiles and scores against their definitions, transcribed, and against integrals in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Status
from linbench.results.statistics.ert import expected_running_time
from linbench.results.statistics.profiles import (
    performance_profiles,
    performance_ratios,
    profile_bands,
    score_intervals,
    scores,
)
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.times import Factor, Task, TimeTable, time_table

TIME = st.sampled_from([1.0, 2.0, 3.0, 4.0, 7.0, math.inf]) | st.floats(0.1, 100)


@st.composite
def tables(draw):
    solvers, tasks = draw(st.integers(1, 4)), draw(st.integers(1, 8))
    times = draw(st.lists(st.lists(TIME, min_size=solvers, max_size=solvers), min_size=tasks, max_size=tasks))
    return table(*times)


def table(*rows, problems=None):
    names = problems or [f"p{index}" for index in range(len(rows))]
    tasks = [Task(name, 1e-6, str(index)) for index, name in enumerate(names)]
    return TimeTable([f"s{index}" for index in range(len(rows[0]))], tasks, rows)


def rho(times, solver, tau):
    """Dolan & Moré, word by word: (1/n_p) size{p ∈ P : r_{p,s} ≤ τ}."""
    within = 0
    for row in times:
        if math.isfinite(row[solver]) and row[solver] / min(row) <= tau:
            within += 1
    return within / len(times)


@given(tables(), st.floats(0.5, 200))
def test_a_profile_is_the_share_of_tasks_within_tau_of_the_best(made, tau):
    for solver, profile in enumerate(performance_profiles(made)):
        assert profile.at(tau) == pytest.approx(rho(made.times, solver, tau))
        for step in profile.taus:
            assert profile.at(step) == pytest.approx(rho(made.times, solver, step))
            assert profile.at(np.nextafter(step, 0)) == pytest.approx(rho(made.times, solver, np.nextafter(step, 0)))


@given(tables(), st.sampled_from([1.5, 4.0, 30.0]))
def test_the_score_is_the_area_under_the_definition(made, tau_max):
    """∫ of each task's step, in closed form: τ_max − r where r < τ_max."""
    for solver, score in enumerate(scores(made, tau_max).values()):
        ratios = [row[solver] / min(row) if math.isfinite(row[solver]) else math.inf for row in made.times]
        area = sum(max(0.0, tau_max - ratio) for ratio in ratios) / len(ratios)
        assert score == pytest.approx(area / (tau_max - 1))
        assert 0 <= score <= 1 + 1e-12


@given(tables())
def test_the_score_is_the_limit_of_algoperfs_trapezoids(made):
    taus = np.linspace(1, 4, 3001)
    for solver, score in enumerate(scores(made).values()):
        trapezoids = np.trapezoid([rho(made.times, solver, tau + 1e-12) for tau in taus], taus) / 3
        assert score == pytest.approx(trapezoids, abs=2e-3)


def test_a_profile_in_closed_form():
    first, second = performance_profiles(table([1, 2], [3, 1], [5, math.inf], [math.inf, math.inf]))
    assert (first.taus, first.heights) == ([1, 3], [0.5, 0.75])
    assert (second.taus, second.heights) == ([1, 2], [0.25, 0.5])
    assert first.score() == pytest.approx((2 * 0.5 + 1 * 0.75) / 3)
    assert second.score() == pytest.approx((1 * 0.25 + 2 * 0.5) / 3)


def test_ties_at_the_best_are_wins_of_all_who_tie():
    assert [profile.at(1) for profile in performance_profiles(table([2, 2, 4], [1, 1, 1]))] == [1, 1, 0.5]


def test_who_is_best_everywhere_scores_one_and_who_never_arrives_zero():
    made = table([1, math.inf], [2, math.inf])
    assert scores(made) == {"s0": 1.0, "s1": 0.0}
    nobody = table([math.inf, math.inf])
    assert scores(nobody) == {"s0": 0.0, "s1": 0.0}
    assert performance_profiles(nobody)[0].taus == []
    assert performance_profiles(nobody)[0].at(1e300) == 0


def test_a_time_of_zero_is_best_and_infinitely_better_than_any_other():
    assert performance_ratios(table([0, 0, 3, math.inf])) == [[1, 1, math.inf, math.inf]]


@pytest.mark.parametrize("tau_max", [1, 0, math.nan, math.inf])
def test_a_score_needs_a_range_to_integrate_over(tau_max):
    with pytest.raises(ValueError, match="tau_max must be a number above 1"):
        scores(table([1, 2]), tau_max)


@pytest.mark.parametrize("rows", [[[1, 2], [1]], [[1, math.nan]], [[-1, 2]]])
def test_times_that_are_none_are_refused(rows):
    with pytest.raises(ValueError, match="times must be"):
        TimeTable(["a", "b"], [Task(str(index), 1.0) for index in range(len(rows))], rows)


def test_nothing_to_do_makes_no_profile():
    for compute in (performance_profiles, score_intervals, profile_bands):
        with pytest.raises(ValueError, match="at least one task"):
            compute(TimeTable(["a"], [], []))


def test_intervals_and_bands_hold_what_was_measured_and_repeat_themselves():
    rng = np.random.default_rng(0)
    made = table(*rng.uniform(1, 5, (12, 3)).tolist())
    intervals, found = score_intervals(made), scores(made)
    assert all(found[name] in intervals[name] for name in found)
    assert intervals == score_intervals(made)
    assert intervals != score_intervals(made, seed=1)
    for band, profile in zip(profile_bands(made), performance_profiles(made), strict=True):
        assert band.taus == profile.taus
        for low, height, high in zip(band.low, profile.heights, band.high, strict=True):
            assert 0 <= low <= height <= high <= 1
        assert band == next(other for other in profile_bands(made) if other.solver == band.solver)


def test_targets_of_one_problem_are_no_further_evidence():
    rows = np.random.default_rng(0).uniform(1, 5, (6, 2)).tolist()
    names = [f"p{index}" for index in range(6)]
    once = score_intervals(table(*rows, problems=names))
    thrice = score_intervals(table(*(rows * 3), problems=names * 3))
    for name in once:
        assert (thrice[name].low, thrice[name].high) == pytest.approx((once[name].low, once[name].high))


def test_few_problems_have_no_interval():
    made = table(*[[1.0, 2.0]] * 8, problems=["a", "b", "c", "d"] * 2)
    assert score_intervals(made) == {"s0": None, "s1": None}
    assert profile_bands(made) == []


def test_a_score_over_problems_lies_in_its_interval_about_as_often_as_it_says():
    """Against one rival at time 1, with times uniform on [1, 5], the score is ∫₁⁴ (4 − r) dr / 4 / 3 = 3/8."""
    rng, hits = np.random.default_rng(0), 0
    for trial in range(200):
        made = table(*[[1.0, float(ratio)] for ratio in rng.uniform(1, 5, 15)])
        hits += 3 / 8 in score_intervals(made, seed=trial)["s1"]
    assert 0.89 <= hits / 200 <= 0.99


def test_records_become_a_table_with_failures_infinite(make_record):
    records = [
        make_record(
            problem=problem,
            optimizer=optimizer,
            target=target,
            seed=seed,
            status=Status.CONVERGED if reached else Status.STALLED,
            epochs_to_target=reached,
        )
        for problem, optimizer, target, epochs in [
            ("a", "sgd", 0.1, (10, 30, 20)),
            ("a", "adam", 0.1, (40, None, 50)),
            ("b", "sgd", 0.1, (None, None, 5)),
            ("b", "adam", 0.1, (1, 2, 3)),
            ("b", "sgd", 0.01, (7, 7, 7)),
            ("b", "adam", 0.01, (7, 7, 7)),
        ]
        for seed, reached in enumerate(epochs)
    ]
    made = time_table(group_runs(records))
    assert made.solvers == ["sgd:lr=0.01", "adam:lr=0.01"]
    assert made.times == [[20, 50], [math.inf, 2], [7, 7]]
    assert made.names(Factor.PROBLEM) == ["a", "b"]
    assert made.names(Factor.TARGET) == ["0.1", "0.01"]
    assert time_table(group_runs(records), expected_running_time).times[1] == [4005, 2]


def test_tasks_that_somebody_was_not_run_on_are_left_out_by_name(make_record):
    records = [
        make_record(problem=problem, optimizer=optimizer, status=status)
        for problem, optimizer, status in [
            ("a", "sgd", Status.BUDGET),
            ("a", "adam", Status.BUDGET),
            ("b", "sgd", Status.BUDGET),
            ("b", "adam", Status.SKIPPED),
            ("c", "adam", Status.ERROR),
        ]
    ]
    made = time_table(group_runs(records))
    assert [task.problem for task in made.tasks] == ["a"]
    variant = "(manual, cpu, float32, full batch, 2000 epochs)"
    assert made.left_out == [
        f"b to 1e-06 {variant}: not run with adam:lr=0.01",
        f"c to 1e-06 {variant}: not run with sgd:lr=0.01",
    ]
