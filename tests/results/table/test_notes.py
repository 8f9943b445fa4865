"""What stands below the table follows from the records, and is left out where it does not."""

import dataclasses

import pytest

from linbench import Status, StepTime, Theory
from linbench.results.table.notes import notes
from linbench.results.table.rows import rows_of

STUDY_HOURS = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.29939, 16.70061), 2, 4, 1, 1)
LARGEST_STABLE = 2 / 16.70061


@pytest.fixture
def notes_of():
    return lambda *records: notes(rows_of(records))


def about(lines, word):
    return [line for line in lines if word in line]


def test_the_exact_answer_comes_first(make_record, notes_of):
    first, second, *_ = notes_of(make_record(theory=STUDY_HOURS))
    assert first == (
        "study-hours: optimum cost 46.875 at W = 12.5, b = 42.5; condition number 55.8; "
        "gradient descent is stable up to lr 0.1198"
    )
    assert second == "epochs and time are those until the relative gap is at most 1e-06; gap is cost above the optimum"


def test_each_problem_has_its_answer_once(make_record, notes_of):
    other = dataclasses.replace(STUDY_HOURS, optimum_cost=1.0)
    records = [make_record(problem=name, theory=theory) for name, theory in (("a", STUDY_HOURS), ("b", other)) * 2]
    assert [line.split(" at ")[0] for line in about(notes_of(*records), "optimum cost")] == [
        "a: optimum cost 46.875",
        "b: optimum cost 1.0000",
    ]


def test_parameters_that_are_not_scalars_are_not_written_out(make_record, notes_of):
    theory = dataclasses.replace(STUDY_HOURS, weight=((1.0,), (2.0,)), n_features=2)
    assert "W =" not in notes_of(make_record(theory=theory))[0]


@pytest.mark.parametrize(("rank", "said"), [(2, False), (1, True)])
def test_an_optimum_that_is_not_unique_is_said_to_be_the_one_of_minimum_norm(make_record, notes_of, rank, said):
    theory = dataclasses.replace(STUDY_HOURS, rank=rank)
    lines = about(notes_of(make_record(theory=theory)), "minimum norm")
    expected = "study-hours: the optimum is not unique (rank 1 of 2); the one of minimum norm is meant"
    assert lines == [expected] * said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"params": {"lr": 1.01 * LARGEST_STABLE}}, True),
        ({"params": {"lr": 0.99 * LARGEST_STABLE}}, False),
        ({"params": {"lr": 1, "momentum": 0, "nesterov": False, "foreach": None}}, True),
        ({"params": {"lr": 1, "momentum": 0.9}}, False),
        ({"params": {"lr": 1, "weight_decay": 0.1}}, False),
        ({"params": {"lr": 1, "maximize": True}}, False),
        ({"params": {"lr": "inf"}}, False),
        ({"params": {}}, False),
        ({"params": {"lr": 1}, "optimizer": "adam"}, False),
        ({"params": {"lr": 1}, "batch_size": 2}, False),
        ({"params": {"lr": 1}, "theory": None}, False),
    ],
)
def test_an_lr_above_the_largest_stable_one_is_said_of_plain_gradient_descent_only(make_record, notes_of, fields, said):
    record = make_record(**{"theory": STUDY_HOURS, **fields})
    assert bool(about(notes_of(record), "must diverge")) is said


def test_the_range_of_unstable_lrs_is_told_in_multiples_of_the_largest_stable_one(make_record, notes_of):
    records = [
        make_record(params={"lr": times * LARGEST_STABLE}, theory=STUDY_HOURS) for times in (0.5, 1.5, 2, 4, 6, 8.0)
    ]
    assert about(notes_of(*records), "must diverge") == [
        "5 settings of sgd: lr is 1.50 to 8.00 × the largest stable one, so gradient descent must diverge"
    ]


def test_what_was_still_descending_is_named(make_record, notes_of):
    records = [
        make_record(optimizer="adam", seed=0),
        make_record(optimizer="adam", seed=1),
        make_record(optimizer="adam", seed=2, status=Status.CONVERGED, epochs_to_target=5),
        make_record(optimizer="rmsprop", seed=0, status=Status.STALLED),
    ]
    assert about(notes_of(*records), "still descending") == [
        "still descending after 2000 epochs: adam:lr=0.01; raise --epochs or try another lr"
    ]


@pytest.mark.parametrize(
    ("status", "relative_gap", "said"),
    [
        (Status.CONVERGED, 1e-7, False),
        (Status.CONVERGED, 9e-6, False),
        (Status.CONVERGED, 2e-5, True),
        (Status.CONVERGED, float("nan"), True),
        (Status.BUDGET, 0.5, False),
    ],
)
def test_a_run_that_left_the_target_again_is_named(make_record, notes_of, status, relative_gap, said):
    record = make_record(status=status, epochs_to_target=5, relative_gap=relative_gap)
    assert bool(about(notes_of(record), "did not stay")) is said


@pytest.mark.parametrize(
    ("costs", "said"), [([1.0, 1.0], True), ([1.0, 1.5], False), ([1.0], False)], ids=["same", "other", "one seed"]
)
def test_seeds_that_change_nothing_are_said_to(make_record, notes_of, costs, said):
    records = [make_record(seed=seed, final_cost=cost) for seed, cost in enumerate(costs)]
    line = "manual: every seed gives the same run, since neither start nor data depend on it"
    assert about(notes_of(*records), "every seed") == [line] * said


@pytest.mark.parametrize(("iqr", "said"), [(9.9, False), (10.0, True)])
def test_noise_in_step_times_is_said_from_a_tenth_on(make_record, notes_of, iqr, said):
    lines = notes_of(
        make_record(step_time=StepTime(100.0, 1.0)), make_record(model="m", step_time=StepTime(100.0, iqr))
    )
    assert bool(about(lines, "vary by 10%")) is said


def test_reasons_and_warnings_are_told_once_with_the_cases_they_belong_to(make_record, notes_of):
    skipped = [
        make_record(optimizer=name, device="cuda:0", status=Status.SKIPPED, reason="cuda is not available", gap=None)
        for name in "abcdef"
    ]
    broken = make_record(status=Status.ERROR, reason="ValueError: no", gap=None)
    warned = make_record(model="linear", warnings=("careful",), status=Status.CONVERGED, epochs_to_target=1)
    lines = notes_of(*skipped, broken, warned)
    named = ", ".join(f"{name}:lr=0.01 manual on cuda:0" for name in "abcd")
    assert about(lines, "skipped") == [f"skipped: {named} and 2 more: cuda is not available"]
    assert about(lines, "error") == ["error: sgd:lr=0.01 manual: ValueError: no"]
    assert about(lines, "warning") == ["warning: sgd:lr=0.01 linear: careful"]


def test_where_nothing_was_trained_there_is_nothing_to_observe(make_record, notes_of):
    assert notes_of(make_record(status=Status.SKIPPED, reason="not here", gap=None, theory=None)) == [
        "skipped: sgd:lr=0.01 manual: not here"
    ]
