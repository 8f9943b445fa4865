"""The rules, one by one, at their edges."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench.core.outcome.record import Status
from linbench.gate.finding import Kind, exit_code
from linbench.gate.judge import IMPROVED, judge, judge_all
from linbench.gate.metrics import CaseMetrics

number = st.floats(1e-12, 1e12)


def test_the_same_is_fine(case):
    assert judge(case(), case()) == []
    assert exit_code([]) == 0


@pytest.mark.parametrize(("change", "found"), [(0.9, []), (1.1, ["final cost"])])
@pytest.mark.parametrize(("dtype", "rtol", "eps"), [("float64", 1e-9, 2.0**-52), ("float32", 1e-4, 2.0**-23)])
def test_a_cost_may_differ_by_rounding(case, dtype, rtol, eps, change, found):
    was = case(dtype=dtype)
    allowed = rtol * was.final_cost + eps * was.initial_cost
    now = replace(was, final_cost=was.final_cost + change * allowed)
    assert [finding.what for finding in judge(now, was)] == found


def test_a_cost_near_zero_may_differ_by_rounding_of_the_initial_cost(case):
    assert judge(case(final_cost=3e-13), case(final_cost=1e-30)) == []


@pytest.mark.parametrize(("change", "found"), [(0.9, []), (1.1, ["parameters"])])
def test_parameters_may_differ_by_rounding_of_their_norm(case, change, found):
    allowed = 1e-9 * (12.5**2 + 42.5**2) ** 0.5 + 2.0**-52 * 2**0.5
    now = case(bias=[42.5 + change * allowed])
    assert [finding.what for finding in judge(now, case())] == found


@pytest.mark.parametrize(
    ("margin", "epochs", "found"), [(1e-3, 101, 1), (1e-10, 101, 0), (1e-10, 99, 0), (1e-10, 102, 1), (None, 101, 1)]
)
def test_the_crossing_may_move_by_an_epoch_only_where_it_is_a_matter_of_rounding(case, margin, epochs, found):
    assert len(judge(case(epochs_to_target=epochs), case(crossing_margin=margin))) == found


def test_an_improvement_counts(case):
    (fewer,) = judge(case(epochs_to_target=90), case())
    (lower,) = judge(case(final_cost=40.0), case())
    assert fewer.why == lower.why == IMPROVED
    assert exit_code([fewer]) == 1


def test_a_status_must_be_the_same(case):
    (finding,) = judge(case(status=Status.BUDGET, epochs_to_target=None), case())
    assert (finding.what, finding.was, finding.now) == ("status", "converged", "budget")


def test_what_is_not_finite_any_more_counts(case):
    found = judge(case(final_cost=None, weight=None, bias=None), case())
    assert [finding.what for finding in found] == ["final cost", "parameters"]
    assert judge(case(final_cost=None), case(final_cost=None)) == []


def test_huge_parameters_do_not_hide_a_change(case):
    assert judge(case(weight=[[1.7e308]], bias=[1.6e308]), case(weight=[[1.7e308]], bias=[1.7e308]))


def test_another_shape_counts(case):
    (finding,) = judge(case(weight=[[1.0], [2.0]]), case())
    assert (finding.was, finding.now) == ("1 × 1 + 1", "2 × 1 + 1")


def test_a_bias_that_is_gone_counts(case):
    (finding,) = judge(case(bias=[]), case())
    assert (finding.what, finding.was, finding.now) == ("parameters", "1 × 1 + 1", "1 × 1 + 0")


def test_without_a_bias_the_weights_are_compared(case):
    assert judge(case(bias=[]), case(bias=[])) == []
    (finding,) = judge(case(weight=[[12.6]], bias=[]), case(bias=[]))
    assert finding.what == "parameters"


def test_other_versions_are_named_where_something_drifted_and_are_no_failure(case):
    newer = {"versions": {"torch": "2.14.0"}}
    assert judge(case(**newer), case()) == []
    (drift,) = judge(case(final_cost=50.0, **newer), case())
    assert drift.why.endswith("versions differ: torch 2.13.0 → 2.14.0")
    (crash,) = judge(case(status=Status.ERROR, error="no", **newer), case())
    assert crash.why == "no; versions differ: torch 2.13.0 → 2.14.0"


def test_an_edited_dtype_loosens_nothing(case):
    was = case(dtype="float32")
    assert judge(case(final_cost=was.final_cost * (1 + 1e-6)), was)


def test_the_gravest_finding_decides_the_exit_code(case):
    crashed = case(label="a", status=Status.ERROR, error="ValueError: no")
    now = {"a": crashed, "b": case(label="b", final_cost=50.0), "c": case(label="c")}
    was = {"a": case(label="a"), "b": case(label="b"), "d": case(label="d")}
    found = judge_all(now, was)
    assert [finding.kind for finding in found] == [Kind.CRASH, Kind.DRIFT, Kind.NEW, Kind.REMOVED]
    assert [exit_code([finding]) for finding in found] == [4, 1, 3, 3]
    assert exit_code(found) == 4


def test_an_entry_of_an_older_schema_is_stale(case):
    (finding,) = judge(case(), case(schema=0))
    assert (finding.kind, exit_code([finding])) == (Kind.STALE, 3)


def test_a_finding_is_one_line_whatever_a_plugin_raises(case):
    (finding,) = judge(case(status=Status.ERROR, error="bad\n\x1b[31mred"), case())
    assert str(finding).isprintable()


@given(st.lists(number, min_size=1, max_size=4), number, st.floats(-0.5, 0.5))
def test_rounding_never_counts_and_a_thousandth_always_does(values, cost, share):
    def made(factor):
        weight = [[value * factor] for value in values]
        return CaseMetrics("x", Status.BUDGET, "float64", None, None, cost, cost * factor, weight, [0.0])

    assert judge(made(1 + share * 1e-9), made(1)) == []
    assert any(finding.what == "parameters" for finding in judge(made(1.001), made(1)))
