"""Every kind of note has a sentence, and numbers that are compared differ in what is shown."""

import json

import pytest

from linbench.core.outcome.note import Note, NoteKind
from linbench.results.notes.words import _SENTENCES, sentence, summarize_labels, tell_from_one

EXAMPLES = {
    NoteKind.OPTIMUM: {
        "optimum_cost": [1.0, 1.0],
        "condition_number": [2.0, 2.0],
        "largest_stable_lr": [0.1, 0.1],
        "data_sets": 1,
    },
    NoteKind.NOT_UNIQUE: {"rank": 1, "columns": 2},
    NoteKind.OPTIMUM_AT_ZERO: {},
    NoteKind.TARGET: {"targets": [1e-6]},
    NoteKind.DEFAULT_RATES: {"rates": {"sgd": 0.01, "adadelta": 1.0}},
    NoteKind.DIVERGED: {"reason": "the cost became infinite at epoch 3", "lr_ratio": 1.5},
    NoteKind.RISING: {"epochs": 10, "lr_ratio": None},
    NoteKind.OSCILLATES: {"lr": 0.1},
    NoteKind.CONVERGED: {"epochs": 10, "as_predicted": True},
    NoteKind.LEFT: {"epochs": 10, "factor": 10},
    NoteKind.NEVER_MOVED: {},
    NoteKind.ROUNDED_STEPS: {"dtype": "float32", "gap": 1.0},
    NoteKind.NOISE_FLOOR: {"dtype": "float32", "gap": 1.0},
    NoteKind.RIDGE: {"weight_decay": 0.1, "gap": 1.0},
    NoteKind.STALLED: {"gap": [1.0, 2.0]},
    NoteKind.HOVERS: {"low": 1.0, "median": 2.0, "high": 3.0},
    NoteKind.UNDER_WAY: {"epochs": 10, "best_epoch": 9, "predicted_epochs": 12345},
    NoteKind.DESCENDING: {"epochs": 10, "best_epoch": 9},
    NoteKind.SWINGING: {"epochs": 10, "best_epoch": None},
    NoteKind.SAME_RUNS: {},
    NoteKind.NOISY_TIMES: {},
    NoteKind.LEFT_OUT: {"width": 80},
    NoteKind.ERROR: {"reason": "ValueError: no"},
    NoteKind.SKIPPED: {"reason": "cuda is not available"},
    NoteKind.WARNING: {"reason": "careful"},
}


def test_every_kind_has_a_sentence_and_an_example_here():
    assert set(_SENTENCES) == set(EXAMPLES) == set(NoteKind)


@pytest.mark.parametrize("kind", NoteKind)
def test_a_sentence_is_one_line_and_its_note_can_be_json(kind):
    note = Note(kind, ("sgd:lr=0.1",), EXAMPLES[kind])
    assert sentence(note)
    assert "\n" not in sentence(note)
    assert json.loads(json.dumps(note.to_dict()))["kind"] == kind.value


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(1.5, "1.50"), (1.0000001, "1.0000001"), (1 + 2.0**-52, "1.0000000000000002"), (12.345, "12.3")],
)
def test_a_ratio_shows_as_many_digits_as_tell_it_from_one(ratio, text):
    assert float(tell_from_one(ratio)) == float(text)
    assert float(tell_from_one(ratio)) != 1


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"epochs_at_best_lr": 148}, "converged, 1.4× slower than gradient descent at its best lr for this start"),
        (
            {"epochs_at_best_lr": 199, "krylov_limit": 2, "evaluations": 200},
            "converged, with 100× the gradients of the Krylov limit",
        ),
        ({}, "converged"),
    ],
)
def test_a_converged_run_is_compared_with_the_best_lr_else_with_the_krylov_limit(values, said):
    note = Note(NoteKind.CONVERGED, ("adam",), {"epochs": 200, "as_predicted": False, **values})
    assert sentence(note) == f"adam: {said}"


def test_many_names_are_counted_by_optimizer_and_some_seeds_are_said_to_be_some():
    labels = ["sgd:lr=0.1", "sgd:lr=0.2 linear", "adam", "sgd:lr=0.3", "lbfgs"]
    assert summarize_labels(labels) == "3 settings of sgd, 1 of adam, 1 of lbfgs"
    labels[1] += " (2 of 5 seeds)"
    assert summarize_labels(labels) == "3 settings of sgd, 1 of adam, 1 of lbfgs (not all of them from every seed)"
    assert summarize_labels(labels[:2]) == "sgd:lr=0.1, sgd:lr=0.2 linear (2 of 5 seeds)"
