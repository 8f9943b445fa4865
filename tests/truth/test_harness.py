"""A few draws of `benchmarks.truth`: nothing false is said of them; and the harness itself, by closed forms."""

import json

import mpmath
import numpy as np
import pytest

from benchmarks.truth.claims import rows_of
from benchmarks.truth.digits import is_shown
from benchmarks.truth.draw import draw
from benchmarks.truth.exact import Truth
from benchmarks.truth.forms import CHECKERS
from benchmarks.truth.harness import check_draw
from benchmarks.truth.recurrence import Method, first_crossing, is_best_epochs, krylov_epochs
from benchmarks.truth.sample import runs_of
from benchmarks.truth.sentences import check_note
from linbench import Comparison
from linbench.core.outcome.note import NoteKind

NEEDS_NO_CHECKER = {NoteKind.NOISY_TIMES: "the harness measures no times"}


def test_every_kind_of_note_has_a_checker():
    assert {kind.value for kind in NoteKind if kind not in NEEDS_NO_CHECKER} <= set(CHECKERS)


@pytest.mark.parametrize("number", [2114, 2268, 2272])
def test_nothing_false_is_said_of_a_draw(number):
    tally = check_draw(number)
    assert tally.rows > 0
    assert not tally.findings, "\n".join(map(str, tally.findings))


def test_a_draw_is_the_same_for_the_same_number():
    one, other = draw(5), draw(5)
    assert (one.specs, one.models, one.options) == (other.specs, other.models, other.options)
    np.testing.assert_array_equal(one.truths[0].X, other.truths[0].X)


@pytest.fixture
def orthogonal():
    """Curvatures 2, 1 and ¼, the optimum at (1, 2, 3), without residual."""
    X = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]]) * np.array([np.sqrt(0.5), np.sqrt(0.125)])
    return Truth(X, (X @ [[1.0], [2.0]] + 3.0))


def test_truth_of_an_orthogonal_problem(orthogonal):
    assert [float(value) for value in orthogonal.curvatures] == pytest.approx([0.25, 1, 2])
    assert [float(row[0]) for row in orthogonal.optimum] == pytest.approx([1, 2, 3])
    assert float(orthogonal.gap(np.zeros((3, 1)))) == pytest.approx(0.5 * (0.25 * 4 + 1 * 1 + 2 * 9))


@pytest.mark.parametrize(
    "method", [Method(0.3), Method(0.3, 0.9), Method(0.3, 0.9, nesterov=True), Method(0.3, 0.9, dampening=0.5)]
)
def test_recurrence_is_that_of_torch(method):
    import torch

    curvatures, parts = np.array([0.25, 2.0], dtype=np.longdouble), np.array([1.0, 3.0], dtype=np.longdouble)
    theta = torch.nn.Parameter(torch.tensor([np.sqrt(2 / 0.25), np.sqrt(2 * 3 / 2.0)], dtype=torch.float64))
    optimizer = torch.optim.SGD([theta], method.lr, method.momentum, method.dampening, nesterov=method.nesterov)
    expected = []
    for _ in range(51):
        cost = (torch.tensor([0.25, 2.0], dtype=torch.float64) / 2 * theta**2).sum()
        expected.append(cost.item())
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    np.testing.assert_allclose(method.gaps(curvatures, parts, 50).astype(float), expected, rtol=1e-12)
    assert float(method.gap_at([mpmath.mpf("0.25"), mpmath.mpf(2)], [1, 3], 50)) == pytest.approx(expected[50])


def test_crossing_best_lr_and_krylov_limit_of_two_curvatures():
    curvatures, parts = np.array([1.0, 3.0], dtype=np.longdouble), np.array([1.0, 1.0], dtype=np.longdouble)
    assert first_crossing(Method(0.5), curvatures, parts, 2.1 * 0.25**5) == (5, 5)  # both factors are ½
    assert is_best_epochs(curvatures, parts, 2.1 * 0.25**5, 5)
    assert not is_best_epochs(curvatures, parts, 2.1 * 0.25**5, 6)
    assert krylov_epochs([1, 3], [1, 1], 1e-30) == 2


@pytest.mark.parametrize(
    ("text", "value", "shown"),
    [
        ("1.20", 1.2049, True),
        ("1.20", 1.206, False),
        ("1.2e-05", 1.24e-5, True),
        ("∞", np.inf, True),
        ("0", 1e-9, False),
    ],
)
def test_a_text_shows_a_value_rounded_to_its_digits(text, value, shown):
    assert is_shown(text, value) is shown


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("converged at the predicted rate", "converged at the expected rate"),
        ("condition number ", "condition number 9"),
        ("stable up to lr ", "stable up to lr 1"),
    ],
)
def test_a_changed_sentence_is_found(true, false):
    drawn = draw(2268)
    runs = runs_of(
        drawn, [f"sgd:lr={1 / float(drawn.truths[0].L)!r}"], ["manual"], [0], drawn.options | {"epochs": 2000}
    )
    notes = json.loads(Comparison([run.record for run in runs], 1).to_json())["notes"]
    changed = [note | {"text": note["text"].replace(true, false)} for note in notes if true in note["text"]]
    assert changed
    rows = rows_of(runs)
    assert not [fault for note in notes for fault in check_note(note, rows)]
    assert all(list(check_note(note, rows)) for note in changed)
