"""Specs: what can be written, what it means, and that what is written reads back."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from linbench import Spec, Sweep, UsageError
from linbench.core.request.spec import FIRST_PARAMETER, format_spec, format_value, parse_specs, parse_value

NAMES = st.from_regex(r"[A-Za-z_][\w.#@-]*", fullmatch=True)
KEYS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(min_size=0)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=6)
SWEEPS = st.lists(VALUES, min_size=1, max_size=3).map(lambda values: Sweep(tuple(values)))
PARAMS = st.dictionaries(KEYS, VALUES | SWEEPS, max_size=3)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sgd", [("sgd", {})]),
        ("sgd,adam", [("sgd", {}), ("adam", {})]),
        ("sgd:lr=0.1,momentum=0.9,adam", [("sgd", {"lr": 0.1, "momentum": 0.9}), ("adam", {})]),
        ("adam:lr=0.1,betas=(0.9,0.99)", [("adam", {"lr": 0.1, "betas": (0.9, 0.99)})]),
        (" sgd : lr = 0.1 , nesterov = True ", [("sgd", {"lr": 0.1, "nesterov": True})]),
        ("sgd:lr=[0.01,0.1]", [("sgd", {"lr": Sweep((0.01, 0.1))})]),
        ("adam:betas=[(0.9,0.99),(0.8,0.9)]", [("adam", {"betas": Sweep(((0.9, 0.99), (0.8, 0.9)))})]),
        ("cuda:1", [("cuda", {FIRST_PARAMETER: 1})]),
        ("cuda:1,cpu", [("cuda", {FIRST_PARAMETER: 1}), ("cpu", {})]),
        ("my_pkg.optim.MyAdam:lr=1e-3", [("my_pkg.optim.MyAdam", {"lr": 1e-3})]),
        ("csv:path=C:/data/a b.csv,target=y", [("csv", {"path": "C:/data/a b.csv", "target": "y"})]),
        ("csv:path='a,b=c.csv',features=(x 1,x2)", [("csv", {"path": "a,b=c.csv", "features": ("x 1", "x2")})]),
        ("a:x=None,y=text,z='0.1'", [("a", {"x": None, "y": "text", "z": "0.1"})]),
        ("sgd:,adam", [("sgd", {}), ("adam", {})]),
    ],
)
def test_a_text_means_these_specs(text, expected):
    assert [(spec.name, spec.params) for spec in parse_specs(text)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty spec in ''"),
        ("sgd,,adam", "empty spec in 'sgd,,adam'"),
        ("lr=0.1", "'lr=0.1' belongs to no name: write name:lr=0.1"),
        (":lr=0.1", "missing name before ':' in ':lr=0.1'"),
        ("sgd:lr=1,lr=2", "sgd: 'lr' is given twice"),
        ("sgd:lr=", "sgd: 'lr' has no value"),
        ("adam:betas=(0.9,0.99", "missing ')' in 'adam:betas=(0.9,0.99'"),
        ("adam:betas=0.9)", "unbalanced ')' in 'adam:betas=0.9)'"),
        ("sgd:lr=[1,2)", "unbalanced ')' in 'sgd:lr=[1,2)'"),
        ("csv:path='a", 'missing "\'" in "csv:path=\'a"'),
        ("sgd:lr=[]", "the sweep '[]' is empty"),
        ("sgd:lr=[1,,2]", "empty value in '[1,,2]'"),
        ("sgd:lr=a..b@3", "'a..b@3' is not a range: write low..high@count, for example 1e-4..1@20"),
        ("sgd:lr=0..1@3", "the range '0..1@3' needs two positive ends and a count of at least 2"),
        ("sgd:lr=-1..1@3", "the range '-1..1@3' needs two positive ends and a count of at least 2"),
        ("sgd:lr=1..inf@3", "the range '1..inf@3' needs two positive ends and a count of at least 2"),
        ("sgd:lr=nan..1@3", "the range 'nan..1@3' needs two positive ends and a count of at least 2"),
        ("sgd:lr=0.1..1@1", "the range '0.1..1@1' needs two positive ends and a count of at least 2"),
    ],
)
def test_what_is_no_spec_is_one_line_that_says_what_is_wrong(text, message):
    with pytest.raises(UsageError) as caught:
        parse_specs(text)
    assert str(caught.value) == message


@given(NAMES, PARAMS, st.none() | VALUES)
@example("csv", {"path": 'it\'s a "file".csv'}, None)
@example("csv", {"path": "data/../x@2"}, None)
@example("a", {"x": ("(", "1", "a b", (), ("x",)), "y": Sweep((math.nan, -math.inf, "inf"))}, "c=d")
def test_a_formatted_spec_reads_back_as_it_was(name, params, first):
    params = params if first is None else {FIRST_PARAMETER: first, **params}
    (spec,) = parse_specs(format_spec(name, params))
    assert spec.name == name
    assert repr(dict(spec.params)) == repr(params)  # repr: NaN is itself, and 1 is not 1.0 or True


@given(st.lists(st.builds(Spec, NAMES, PARAMS), min_size=1, max_size=4))
def test_specs_joined_by_commas_read_back_one_by_one(specs):
    assert list(map(repr, parse_specs(",".join(map(str, specs))))) == list(map(repr, specs))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])))
@example("{[]:1}")
@example("-" * 10_000)
@example("'\\d'")
def test_any_line_is_specs_or_one_line_that_says_why_not(text):
    try:
        found = parse_specs(text)
    except UsageError as error:
        found = str(error).splitlines()
        assert len(found) == 1
    assert found


@given(
    st.floats(1e-12, 1e12),
    st.floats(1e-12, 1e12),
    st.integers(2, 60),
)
def test_a_range_is_log_spaced_with_both_ends_exact(low, high, count):
    assume(abs(math.log(high / low)) > 1e-6)
    values = parse_value(f"{low}..{high}@{count}").values
    assert len(values) == count
    assert (values[0], values[-1]) == (low, high)
    np.testing.assert_allclose(values, np.geomspace(low, high, count), rtol=1e-5)
    assert sorted(set(values), reverse=low > high) == list(values)


def test_the_powers_of_ten_within_a_range_are_round_numbers():
    assert parse_value("1e-4..1@5").values == (0.0001, 0.001, 0.01, 0.1, 1.0)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.1, "0.1"),
        (np.float64(0.1), "0.1"),
        (1e-8, "1e-08"),
        ((0.9, 0.99), "(0.9,0.99)"),
        ("strong_wolfe", "strong_wolfe"),
        ("0.1", "'0.1'"),
        ("None", "'None'"),
        ("", "''"),
        (Sweep((1, "a")), "[1,a]"),
        (math.sqrt, "sqrt"),
    ],
)
def test_text_is_quoted_only_where_it_would_read_back_as_something_else(value, text):
    assert format_value(value) == text
