"""The notes of a comparison: each is there where its condition holds, and names what it is about."""

import dataclasses

import pytest

from linbench import Status, StepTime, Theory
from linbench.core.outcome.note import NoteKind
from linbench.core.outcome.record import Ending
from linbench.results.notes.collect import collect_notes
from linbench.results.notes.words import sentence
from linbench.results.table.rows import rows_of

STUDY_HOURS = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.29939, 16.70061), 2, 4, 1, 1)


@pytest.fixture
def notes_of():
    return lambda *records: collect_notes(rows_of(records))


@pytest.fixture
def sentences_of(notes_of):
    return lambda *records: list(map(sentence, notes_of(*records)))


def about(lines, word):
    return [line for line in lines if word in line]


def test_the_exact_answer_comes_first(make_record, sentences_of):
    first, second, *_ = sentences_of(make_record(theory=STUDY_HOURS))
    assert first == (
        "study-hours: optimum cost 46.875 at W = 12.5, b = 42.5; condition number 55.8; "
        "gradient descent is stable up to lr 0.1198"
    )
    assert second == "epochs and time are those until the relative gap is at most 1e-06; gap is cost above the optimum"


def test_each_problem_has_its_answer_once(make_record, sentences_of):
    other = dataclasses.replace(STUDY_HOURS, optimum_cost=1.0)
    records = [make_record(problem=name, theory=theory) for name, theory in (("a", STUDY_HOURS), ("b", other)) * 2]
    assert [line.split(" at ")[0] for line in about(sentences_of(*records), "optimum cost")] == [
        "a: optimum cost 46.875",
        "b: optimum cost 1.0000",
    ]


def test_a_problem_whose_data_follow_the_seed_has_ranges(make_record, sentences_of):
    other = dataclasses.replace(STUDY_HOURS, optimum_cost=1.0, spectrum=(1.0, 2.0))
    records = [make_record(seed=seed, theory=theory) for seed, theory in enumerate((STUDY_HOURS, other))]
    assert sentences_of(*records)[0] == (
        "study-hours: optimum cost 1.0000 to 46.875; condition number 2.00 to 55.8; "
        "gradient descent is stable up to lr 0.1198 to 1.000, over 2 data sets"
    )


def test_parameters_that_are_not_scalars_are_not_written_out(make_record, sentences_of):
    theory = dataclasses.replace(STUDY_HOURS, weight=((1.0,), (2.0,)), n_features=2)
    assert "W =" not in sentences_of(make_record(theory=theory))[0]


@pytest.mark.parametrize(("rank", "said"), [(2, False), (1, True)])
def test_an_optimum_that_is_not_unique_is_said_to_be_the_one_of_minimum_norm(make_record, sentences_of, rank, said):
    theory = dataclasses.replace(STUDY_HOURS, rank=rank)
    lines = about(sentences_of(make_record(theory=theory)), "minimum norm")
    expected = "study-hours: the optimum is not unique (rank 1 of 2); the one of minimum norm is meant"
    assert lines == [expected] * said


def test_an_optimum_at_zero_leaves_nothing_to_be_relative_to(make_record, sentences_of):
    theory = dataclasses.replace(STUDY_HOURS, zero_cost=46.875)
    assert about(sentences_of(make_record(theory=theory)), "zero parameters are the optimum")


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({"sgd": (0.01, True), "adam": (0.01, True)}, None),
        ({"sgd": (0.01, True), "adam": (0.1, False)}, None),
        ({"sgd": (0.01, True), "adadelta": (1.0, True)}, "sgd 0.01, adadelta 1"),
    ],
)
def test_rates_that_differ_because_nobody_set_them_are_told(make_record, sentences_of, rates, said):
    records = [
        make_record(optimizer=name, params={"lr": lr}, lr_is_default=default) for name, (lr, default) in rates.items()
    ]
    lines = about(sentences_of(*records), "defaults")
    expected = f"learning rates that nobody set are defaults, and differ: {said}; --lr sets one for all"
    assert lines == ([] if said is None else [expected])


def test_runs_that_did_not_arrive_are_named_by_how_they_moved(make_record, sentences_of):
    records = [
        make_record(optimizer="adam", ending=Ending.DESCENDING),
        make_record(optimizer="rmsprop", ending=Ending.SWINGING, best_epoch=74),
        make_record(optimizer="adagrad", ending=Ending.SWINGING, best_epoch=1200),
        make_record(optimizer="asgd", ending=Ending.RISING),
    ]
    lines = sentences_of(*records)
    assert about(lines, "descending") == ["still descending after 2000 epochs: adam:lr=0.01"]
    assert about(lines, "moving") == [
        "still moving after 2000 epochs: rmsprop:lr=0.01, adagrad:lr=0.01; best at epoch 74 to 1,200"
    ]
    assert about(lines, "rising") == ["asgd:lr=0.01: the cost is rising"]


def test_of_several_seeds_it_is_said_how_many_a_note_is_about(make_record, sentences_of):
    records = [make_record(seed=seed, ending=Ending.DESCENDING) for seed in range(3)]
    records.append(make_record(seed=3, status=Status.CONVERGED, epochs_to_target=5, relative_gap=1e-7))
    assert about(sentences_of(*records), "descending") == [
        "still descending after 2000 epochs: sgd:lr=0.01 (3 of 4 seeds)"
    ]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"model": "linear"}, "sgd:lr=0.01 linear"),
        ({"problem": "other"}, "sgd:lr=0.01 on other"),
        ({"device": "cuda:0"}, "sgd:lr=0.01 on cuda:0"),
        ({"dtype": "float64"}, "sgd:lr=0.01 in float64"),
    ],
)
def test_where_one_label_stands_for_several_runs_the_difference_is_named(make_record, notes_of, fields, name):
    first = make_record(status=Status.CONVERGED, epochs_to_target=5, relative_gap=1e-7)
    notes = notes_of(first, make_record(ending=Ending.DESCENDING, **fields))
    (note,) = [note for note in notes if note.kind is NoteKind.DESCENDING]
    assert note.about == (name,)


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
def test_a_run_that_left_the_target_again_is_named(make_record, sentences_of, status, relative_gap, said):
    record = make_record(status=status, epochs_to_target=5, relative_gap=relative_gap)
    assert bool(about(sentences_of(record), "did not stay")) is said


@pytest.mark.parametrize(
    ("costs", "said"), [([1.0, 1.0], True), ([1.0, 1.5], False), ([1.0], False)], ids=["same", "other", "one seed"]
)
def test_seeds_that_change_nothing_are_said_to(make_record, sentences_of, costs, said):
    records = [make_record(seed=seed, final_cost=cost) for seed, cost in enumerate(costs)]
    line = "manual: every seed gives the same run, since neither start nor data depend on it"
    assert about(sentences_of(*records), "every seed") == [line] * said


@pytest.mark.parametrize(("iqr", "said"), [(9.9, False), (10.0, True)])
def test_noise_in_step_times_is_said_from_a_tenth_on(make_record, sentences_of, iqr, said):
    lines = sentences_of(
        make_record(step_time=StepTime(100.0, 1.0)), make_record(model="m", step_time=StepTime(100.0, iqr))
    )
    assert bool(about(lines, "vary by 10%")) is said


def test_reasons_and_warnings_are_told_once_with_the_cases_they_belong_to(make_record, sentences_of):
    skipped = [
        make_record(optimizer=name, device="cuda:0", status=Status.SKIPPED, reason="cuda is not available", gap=None)
        for name in "abcdef"
    ]
    broken = make_record(status=Status.ERROR, reason="ValueError: no", gap=None)
    warned = make_record(model="linear", warnings=("careful",), status=Status.CONVERGED, epochs_to_target=1)
    lines = sentences_of(*skipped, broken, warned)
    named = ", ".join(f"{name}:lr=0.01 manual on cuda:0" for name in "abcd")
    assert about(lines, "skipped") == [f"skipped: {named} and 2 more: cuda is not available"]
    assert about(lines, "error") == ["error: sgd:lr=0.01 manual on cpu: ValueError: no"]
    assert about(lines, "warning") == ["warning: sgd:lr=0.01 linear on cpu: careful"]


def test_where_nothing_was_trained_there_is_nothing_to_observe(make_record, sentences_of):
    assert sentences_of(make_record(status=Status.SKIPPED, reason="not here", gap=None, theory=None)) == [
        "skipped: sgd:lr=0.01 manual: not here"
    ]


def test_of_a_large_table_only_what_did_not_arrive_is_told(make_record, notes_of):
    arrived = [
        make_record(params={"lr": lr}, status=Status.CONVERGED, epochs_to_target=5, relative_gap=1e-7)
        for lr in range(1, 14)
    ]
    late = [make_record(params={"lr": lr}, optimizer="adam", ending=Ending.DESCENDING) for lr in range(1, 14)]
    kinds = [note.kind for note in notes_of(*arrived, *late)]
    assert NoteKind.CONVERGED not in kinds
    assert kinds.count(NoteKind.DESCENDING) == 1


def test_problems_do_not_interleave_in_the_rows(make_record):
    records = [
        make_record(problem=problem, params={"lr": lr}, status=Status.CONVERGED, epochs_to_target=epochs)
        for problem, lr, epochs in (("b", 1, 9), ("a", 1, 5), ("b", 2, 1), ("a", 2, 7))
    ]
    assert [(row.first.problem, row.first.epochs_to_target) for row in rows_of(records)] == [
        ("b", 1),
        ("b", 9),
        ("a", 5),
        ("a", 7),
    ]
