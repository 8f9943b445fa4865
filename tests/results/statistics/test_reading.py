"""What is said is what the runs show, and what they do not show is said too."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from linbench import Status
from linbench.results.statistics.reading import readings, score_readings
from linbench.results.statistics.run_group import RunGroup, group_runs
from linbench.results.statistics.times import Task, TimeTable


def test_a_difference_that_the_seeds_show(make_group):
    sgd = make_group([100 + seed for seed in range(20)])
    adam = make_group([500, 600, 700] + [None] * 17, "adam")
    assert readings([sgd, adam]) == [
        "sgd reached the target in 20 of 20 runs, adam in 3 of 20",
        "by that, the success rate over seeds may be, with 95%: sgd 83%–100%, adam 3%–38%",
        "no median of epochs to target for adam: half of the runs or more did not get there",
        "sgd is faster than adam (on 20 of 20 seeds), p ≤ 1.9e-06 (sign test, adjusted for all pairs)",
    ]


def test_no_difference_from_few_seeds_and_how_many_it_takes(make_group):
    assert readings([make_group([1, 2, 3, 4, 5], "a"), make_group([2, 3, 4, 5, 6], "b")])[-2:] == [
        "no difference between a and b can be claimed from 5 seeds",
        "1 comparison cannot yield a claim from fewer than 6 seeds that all agree",
    ]


def test_seeds_that_disagree_are_no_matter_of_their_number(make_group):
    lines = readings([make_group([1, 2] * 10, "a"), make_group([2, 1] * 10, "b")])
    assert lines[-1] == "no difference between a and b can be claimed from 20 seeds"


def test_one_seed(make_group):
    assert readings([make_group([1], "a"), make_group([900], "b")]) == [
        "a reached the target in 1 of 1 run, b in 1 of 1",
        "one seed: luck and merit cannot be told apart",
    ]


def test_runs_that_every_seed_repeats(make_group):
    groups = [make_group([n] * 20, name, same_start=True) for name, n in [("a", 10), ("b", 30)]]
    assert readings(groups) == [
        "a reached the target in 20 of 20 runs, b in 20 of 20",
        "every seed gave the same run of a and b: one observation of one start, not several",
        "a is faster than b from this start, exactly; no other was seen",
    ]


def test_all_failed(make_group):
    lines = readings([make_group([None] * 8, "a"), make_group([None] * 8, "b")])
    assert lines[0] == "a reached the target in 0 of 8 runs, b in 0 of 8"
    assert lines[-1] == "a and b never reached the target: their epochs say nothing of which is better"


def test_a_tie_is_called_a_tie(make_group):
    lines = readings([make_group([5, 7, 9], "a"), make_group([5, 7, 9], "b")])
    assert lines[-1] == "a and b took the same number of epochs from every seed: a tie"


def test_faster_on_most_seeds_and_dearer_for_all_that(make_group):
    lines = readings([make_group([1] * 10 + [None], "quick"), make_group([2] * 11, "sure")])
    assert lines[-1] == (
        "quick is faster than sure on most seeds, yet costs more epochs per success, because of its slow or failed runs"
    )
    assert "quick is faster than sure (on 10 of 11 seeds)" in lines[-2]


def test_nothing_is_left_out_silently(make_record):
    records = [
        make_record(seed=seed, status=status, epochs_to_target=9, initial_cost=float(seed))
        for seed, status in enumerate([Status.CONVERGED, Status.ERROR, Status.SKIPPED, Status.SKIPPED])
    ]
    assert readings(group_runs([*records, records[0]]))[:4] == [
        "sgd:lr=0.01: 1 run of 2 raised, counted as not arriving",
        "sgd:lr=0.01: 2 runs skipped, counted nowhere",
        "sgd:lr=0.01: 1 further record of the same seeds, counted nowhere",
        "sgd:lr=0.01 reached the target in 1 of 2 runs",
    ]
    assert readings(group_runs(records[2:])) == ["sgd:lr=0.01: 2 runs skipped, counted nowhere"]
    assert readings([]) == []


def test_an_epoch_that_evaluates_the_cost_many_times_is_no_measure_of_work(make_group):
    sgd, other = make_group([5, 6]), make_group([5, 6], "lbfgs")
    lbfgs = RunGroup(other.setting, "lbfgs", [replace(run, evaluations=12_500) for run in other.attempts])
    line = "epochs do not compare the work done, for evaluations of the cost per epoch are: sgd 1, lbfgs 12.5"
    assert line in readings([sgd, lbfgs])
    assert not any("evaluations" in text for text in readings([sgd, other]))


def test_several_settings_are_told_apart_by_what_differs(make_group):
    groups = [make_group([1], problem=problem, target=target) for problem in ("p", "q") for target in (0.1, 0.01)]
    names = [line.partition(": ")[0] for line in readings(groups)]
    assert list(dict.fromkeys(names)) == ["p, target 0.1", "p, target 0.01", "q, target 0.1", "q, target 0.01"]


def test_many_optimizers_are_not_ranked(make_group):
    lines = readings([make_group([1, 2], str(index)) for index in range(101)])
    assert lines[-1].startswith("among 101 optimizers no seeds would do for a claim")


@given(st.lists(st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=4))
def test_any_runs_can_be_read_and_no_sentence_is_said_twice(make_group, runs):
    lines = readings([make_group(epochs, f"o{index}") for index, epochs in enumerate(runs)])
    assert len(set(lines)) == len(lines)
    assert all(line == line.strip() and "\n" not in line for line in lines)


def test_scores_come_with_what_they_hang_on():
    tasks = [Task("p0", 0.1), Task("p1", 0.1), Task("p2", 0.1), Task("p3", 0.1)]
    rows = [[1, math.inf], [3, 1], [1.5, 1], [math.inf, math.inf]]
    assert score_readings(TimeTable(["a", "b"], tasks, rows, ["q: not run with b"])) == [
        "left out of the scores: q: not run with b",
        "score over 4 tasks of 4 problems: a 0.54, b 0.50",
        "1 task of 4 solved by nobody; they lower every score alike",
        "without the problem p0, b moves ahead of a: score 0.667 against 0.389, with it 0.5 against 0.542",
    ]


def test_scores_that_stand_and_scores_of_one_problem():
    steady = TimeTable(["a", "b"], [Task(f"p{index}", 0.1) for index in range(6)], [[1, 2]] * 6)
    assert score_readings(steady) == [
        "score over 6 tasks of 6 problems: a 1.00 [1.00–1.00], b 0.67 [0.67–0.67]",
        "the order of the scores stays the same whatever single optimizer, problem or target is left out",
    ]
    single = TimeTable(["a", "b"], [Task("p", 0.1)], [[1, 2]])
    assert score_readings(single)[1:] == ["one problem: the scores say nothing of any other"]
    assert score_readings(TimeTable(["a"], [], [])) == ["no scores: no task was run with every optimizer"]
