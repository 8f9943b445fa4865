"""A CSV file is read exactly, or one line says where it cannot be."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linbench
from linbench import ProblemError, solve


@pytest.fixture
def read(make_problem, tmp_path):
    """The problem of a file with this content; target y unless another is named."""

    def make(content, target="y", **params):
        path = tmp_path / "data.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return make_problem("csv", path=str(path), target=target, **params)

    return make


@pytest.fixture
def error_of(read, tmp_path):
    """The line that reading this content raises, with `F` for the file's path."""

    def message(content, **params):
        with pytest.raises(ProblemError) as caught:
            read(content, **params)
        text = str(caught.value)
        assert len(text.splitlines()) == 1
        return text.replace(str(tmp_path / "data.csv"), "F")

    return message


def test_features_default_to_all_other_columns_in_their_order(read):
    problem = read("a,y,b\n1,2,3\n4,5,6\n7,8,10\n")
    assert (problem.features, problem.targets) == (("a", "b"), ("y",))
    assert problem.X.tolist() == [[1, 3], [4, 6], [7, 10]]
    assert problem.y.tolist() == [[2], [5], [8]]


@pytest.mark.parametrize(
    ("params", "features", "targets"),
    [
        ({"features": ("c", "a")}, ("c", "a"), ("y",)),
        ({"features": "b"}, ("b",), ("y",)),
        ({"target": ("y", "c")}, ("a", "b"), ("y", "c")),
        ({"target": "c", "features": ["a"]}, ("a",), ("c",)),
    ],
)
def test_features_and_targets_are_those_named_in_the_order_named(read, params, features, targets):
    problem = read("a,b,c,y\n1,2,3,4\n5,6,7,9\n", **params)
    columns = dict(zip("abcy", np.array([[1, 5], [2, 6], [3, 7], [4, 9]]), strict=True))
    assert (problem.features, problem.targets) == (features, targets)
    assert problem.X.tolist() == np.column_stack([columns[name] for name in features]).tolist()
    assert problem.y.tolist() == np.column_stack([columns[name] for name in targets]).tolist()


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(rows=st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=5), quoted=st.booleans())
def test_every_bit_of_every_number_is_kept(make_problem, tmp_path_factory, rows, quoted):
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
        writer.writerows([["a", "y"], *rows])
    problem = make_problem("csv", path=str(path), target="y")
    assert problem.X.tolist() == [[a] for a, _ in rows]
    assert problem.y.tolist() == [[y] for _, y in rows]


PLAIN = "a,y\n1,2\n3,4.5\n"


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.rstrip("\n"),
        "\n\na,y\n\n1,2\n , \n3,4.5\n\n",
        "a, y\n 1 , 2\n3,  4.5  \n",
        '"a","y"\n"1","2"\n"3.0","45e-1"\n',
    ],
    ids=["byte order mark", "CRLF", "no last newline", "blank lines", "spaces", "quotes"],
)
def test_spellings_of_the_same_table_are_the_same_problem(read, content):
    problem = read(content)
    assert problem.fingerprint == read(PLAIN).fingerprint
    assert problem.features == ("a",)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("", "F is empty"),
        ("\n \n,\n", "F is empty"),
        ("a,y\n", "F has a header line and no rows"),
        ("a,b\n1,2\n", "F has no column 'y': its columns are a, b"),
        ("y\n1\n", "F: no column is left to be a feature"),
        ("a,y,a\n1,2,3\n", "F: two columns are named 'a'"),
        ("a,y\n1,2\n3,nan\n", "F line 3, column 'y': 'nan' is not a finite number"),
        ("a,y\n1,2\n-inf,4\n", "F line 3, column 'a': '-inf' is not a finite number"),
        ("a,y\n1,2\n1e999,4\n", "F line 3, column 'a': '1e999' is not a finite number"),
        ("a,y\n1,2\nred,4\n", "F line 3, column 'a': 'red' is not a number"),
        ("a,y\n1,2\n,4\n", "F line 3, column 'a': '' is not a number"),
        ("a,y\n1,2\n1_000,4\n", "F line 3, column 'a': '1_000' is not a number"),
        ("a,y\n\n1,2\n3\n", "F line 4: 1 values where the header names 2 columns"),
        ("a,y\n1,2,3\n", "F line 2: 3 values where the header names 2 columns"),
        ("1,2\n3,4\n", "F has no column 'y': its columns are 1, 2"),
        (b"\xff\xfe\x00a\x80\n\x81,\n", "F is not a CSV file: 'utf-8' codec can't decode byte 0xff in position 0"),
        (b"a,y\n" + b'"' + b"1" * 200_000 + b'",2\n', "F is not a CSV file: field larger than field limit (131072)"),
        (b"\x00\x01\x02\x03", "F has a header line and no rows"),
        ('"two\nlines",b\n1,2\n', r"F has no column 'y': its columns are 'two\nlines', b"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_that_says_where(error_of, content, line):
    assert error_of(content).startswith(line)


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"features": ("a", "c")}, "F has no column 'c': its columns are a, b, y"),
        ({"target": "Y"}, "F has no column 'Y': its columns are a, b, y"),
        ({"features": ("a", "y")}, "F: column 'y' cannot be both feature and target"),
        ({"features": ()}, "F: no column is left to be a feature"),
        ({"standardize": True}, "F: column 'b' is constant and cannot be standardized"),
        ({"features": ("a", "b", "a")}, "F: column 'a' is asked for twice"),
        ({"target": ("y", "y")}, "F: column 'y' is asked for twice"),
    ],
)
def test_columns_that_cannot_be_used_are_one_line_that_names_them(error_of, params, line):
    assert error_of("a,b,y\n1,7,2\n2,7,3\n4,7,1\n", **params) == line


def test_only_the_columns_that_are_used_must_hold_numbers(read):
    assert read("name,a,y\nAnn,1,2\nBob,3,4\n", features="a").X.tolist() == [[1], [3]]


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing.csv", "No such file or directory"), (".", "Is a directory")],
)
def test_a_file_that_cannot_be_read_is_named(make_problem, tmp_path, path, reason):
    with pytest.raises(ProblemError) as caught:
        make_problem("csv", path=str(tmp_path / path), target="y")
    assert str(caught.value) == f"cannot read {tmp_path / path}: {reason}"


@pytest.mark.parametrize(
    ("content", "rank"),
    [
        ("a,b,y\n1,5,2\n2,5,3\n4,5,1\n", 2),
        ("a,b,y\n1,2,2\n2,4,3\n4,8,1\n", 2),
        ("a,b,c,y\n1,2,4,2\n2,4,7,3\n", 2),
    ],
    ids=["constant column", "dependent columns", "fewer rows than columns"],
)
def test_where_the_optimum_is_not_unique_the_one_of_minimum_norm_is_meant_and_stated(read, content, rank):
    problem = read(content)
    design = np.column_stack([problem.X.numpy(), np.ones(problem.n_rows)])
    theory = solve(problem).theory
    expected = np.linalg.pinv(design) @ problem.y.numpy()
    np.testing.assert_allclose(np.vstack([theory.weight, theory.bias]), expected, atol=1e-12)
    shown = str(linbench.compare("sgd:lr=1e-3", "manual", problems=problem, epochs=1, timing=False))
    assert f"not unique (rank {rank} of {design.shape[1]})" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"intercept": "maybe"}, "csv: intercept must be True or False, not 'maybe'"),
        ({"intercept": 1}, "csv: intercept must be True or False, not 1"),
        ({"standardize": "maybe"}, "csv: standardize must be True or False, not 'maybe'"),
        ({"standardize": "false"}, "csv: standardize must be True or False, not 'false'"),
        ({"standardize": None}, "csv: standardize must be True or False, not None"),
        (
            {"standardize": True, "intercept": False},
            "csv: standardize shifts features to mean 0, which changes a fit without intercept: "
            "leave out standardize=True or intercept=False",
        ),
    ],
)
def test_settings_that_mean_nothing_are_one_line(error_of, params, line):
    assert error_of(PLAIN, **params) == line


def test_without_intercept_the_plane_through_the_origin_is_fitted(read):
    content = "a,b,y\n1,5,2\n2,4,3\n4,7,1\n3,1,8\n"
    problem = read(content, intercept=False)
    theory = solve(problem).theory
    expected, residual, *_ = np.linalg.lstsq(problem.X.numpy(), problem.y.numpy(), rcond=None)
    np.testing.assert_allclose(theory.weight, expected, rtol=1e-12)
    assert (theory.bias, theory.rank, len(theory.spectrum)) == ((), 2, 2)
    assert theory.optimum_cost == pytest.approx(residual[0] / 4, rel=1e-12)
    assert problem.fingerprint != read(content).fingerprint == read(content, intercept=True).fingerprint


def test_standardized_features_have_mean_zero_and_deviation_one_and_predict_alike(read):
    content = "a,b,y\n" + "\n".join(f"{x},{100 + x * x},{3 * x}" for x in range(9))
    raw, standardized = read(content), read(content, standardize=True)
    np.testing.assert_allclose(standardized.X.numpy().mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(standardized.X.numpy().std(0), 1, rtol=1e-12)
    point = [4.0, 116.0]
    for problem in (raw, standardized):
        theory = solve(problem).theory
        predicted = problem.encode(point).numpy() @ np.array(theory.weight) + np.array(theory.bias)
        assert predicted[0, 0] == pytest.approx(12.0, rel=1e-7)
