"""A problem holds its data exactly, in float64, or says why it cannot."""

import numpy as np
import pytest
import torch

from linbench import Problem, ProblemError, UsageError

X = [[1, 2], [3, 4], [5, 7]]
Y = [1, 2, 4]
TENTHS = [[0.1], [0.2], [1 / 3]]


@pytest.mark.parametrize("make", [list, np.array, lambda rows: torch.tensor(rows, dtype=torch.float64)])
def test_every_bit_of_the_data_is_kept(make):
    problem = Problem(make(TENTHS), make([0.1, 1e300, 2.0**60 + 256]))
    assert problem.X.tolist() == TENTHS
    assert problem.y.tolist() == [[0.1], [1e300], [2.0**60 + 256]]
    assert problem.X.dtype == problem.y.dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, torch.int32, torch.bool])
def test_data_of_any_dtype_become_float64(dtype):
    rows = torch.tensor([[1.0], [0.0]]).to(dtype)
    assert torch.equal(Problem(rows, rows).X, rows.to(torch.float64))


@pytest.mark.parametrize("default", [torch.float32, torch.float16])
def test_torchs_default_dtype_does_not_matter(default):
    before = torch.get_default_dtype()
    torch.set_default_dtype(default)
    try:
        assert Problem(TENTHS, [1.0, 2.0, 3.0]).X.tolist() == TENTHS
    finally:
        torch.set_default_dtype(before)


def test_one_target_may_be_a_plain_row_and_training_data_need_no_gradient():
    problem = Problem(torch.tensor(X, dtype=torch.float32, requires_grad=True), Y)
    assert problem.y.shape == (3, 1)
    assert not problem.X.requires_grad
    assert (problem.n_rows, problem.n_features, problem.n_targets) == (3, 2, 1)


def test_columns_are_named_or_numbered():
    assert Problem(X, Y).features == ("x1", "x2")
    assert Problem(X, [[1, 2]] * 3).targets == ("y1", "y2")
    assert Problem(X, Y, features=["a", "b"], targets=["c"]).features == ("a", "b")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((X, [1, 2]), "X has 3 rows and y has 2"),
        (([], []), "X must be a table of rows and columns, not of shape (0,)"),
        (([[]], [1]), "a problem needs rows, features and targets; X is 1 x 0, y 1 x 1"),
        ((torch.empty(0, 2), torch.empty(0)), "a problem needs rows, features and targets; X is 0 x 2, y 0 x 1"),
        (([1, 2, 3], Y), "X must be a table of rows and columns, not of shape (3,)"),
        ((X, 5), "y must be a table of rows and columns, not of shape ()"),
        (([[1], [float("nan")], [2]], Y), "X holds values that are not finite"),
        ((X, [1, 2, float("inf")]), "y holds values that are not finite"),
        ((X, Y, ["a"]), "1 column names are given for 2 columns"),
        ((X, Y, (), (), [0.0]), "shift and scale need one value for each of 2 features"),
        ((X, Y, (), (), None, None, "maybe"), "intercept must be True or False, not 'maybe'"),
        ((X, Y, (), (), None, None, 1), "intercept must be True or False, not 1"),
        ((X, Y, (), (), None, None, None), "intercept must be True or False, not None"),
    ],
)
def test_data_that_cannot_be_used_are_one_line_that_says_why(arguments, message):
    with pytest.raises(ProblemError) as caught:
        Problem(*arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("rows", [[["a"], ["b"], ["c"]], [[1], [2, 3], [4]], object()])
def test_what_is_no_table_of_numbers_is_one_line(rows):
    with pytest.raises(ProblemError, match=r"^X is not a table of numbers: .*$") as caught:
        Problem(rows, Y)
    assert "\n" not in str(caught.value)


def test_a_users_feature_values_enter_as_the_data_did():
    raw = np.array([[1.0, 20.0], [2.0, 10.0], [4.0, 60.0]])
    shift, scale = raw.mean(0), raw.std(0)
    problem = Problem((raw - shift) / scale, Y, shift=shift, scale=scale)
    for row, encoded in zip(raw, problem.X, strict=True):
        assert torch.equal(problem.encode(row.tolist()), encoded[None])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ([1.0], "to predict, give a value for each feature (hours, sleep): 2, not 1"),
        ([1.0, 2.0, 3.0], "to predict, give a value for each feature (hours, sleep): 2, not 3"),
        (["a", "b"], "to predict, give a list of numbers, not ['a', 'b']"),
        ([[1.0, 2.0]], "to predict, give a value for each feature (hours, sleep): 2, not 1"),
        (5, "to predict, give a list of numbers, not 5"),
    ],
)
def test_features_that_do_not_fit_are_a_mistake_of_the_request(features, message):
    with pytest.raises(UsageError) as caught:
        Problem(X, Y, features=["hours", "sleep"]).encode(features)
    assert str(caught.value) == message


def changed(table, row=2, by=1e-15):
    copy = torch.tensor(table, dtype=torch.float64)
    copy[row] += by
    return copy


def test_the_same_numbers_have_the_same_fingerprint():
    fingerprint = Problem(X, Y).fingerprint
    assert Problem(np.array(X, dtype=np.int8), torch.tensor(Y)[:, None], features=["a", "b"]).fingerprint == fingerprint
    assert Problem(torch.tensor(X).T.contiguous().T, Y).fingerprint == fingerprint


@pytest.mark.parametrize(
    "other",
    [
        Problem(changed(X), Y),
        Problem(X, changed(Y)),
        Problem([row[::-1] for row in X], Y),
        Problem(X, Y, shift=[1.0, 0.0]),
        Problem(X, Y, scale=[1.0, 2.0]),
        Problem(X, Y, intercept=False),
    ],
)
def test_whatever_changes_the_data_the_fit_or_how_features_enter_changes_the_fingerprint(other):
    assert other.fingerprint != Problem(X, Y).fingerprint


def test_the_same_numbers_in_another_shape_are_another_problem():
    assert Problem([[1], [2]], [3, 4]).fingerprint != Problem([[1]], [[2, 3, 4]]).fingerprint


def test_a_problem_with_an_intercept_has_the_fingerprint_that_it_had_before_there_were_others():
    expected = "f06a9fb1a176bb1493a3e54495c9ff347819a5e4198ccbf7998f2e49c391991b"
    assert Problem(X, Y).fingerprint == Problem(X, Y, intercept=True).fingerprint == expected
