"""A baseline of older rules is judged by costs and parameters; the rest is advice, and never fails a gate."""

import dataclasses
import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench.core.criteria import RULES
from linbench.core.outcome.record import Status
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.component import Component
from linbench.gate.baseline import as_text, read_baseline
from linbench.gate.configuration import Suite
from linbench.gate.convergence import make_request, run_request, run_update
from linbench.gate.finding import Kind, exit_code
from linbench.gate.judge import judge
from linbench.gate.metrics import CaseMetrics
from linbench.gate.rules import CHANGES, DEFAULT_LEARNING_RATE, OPTIMUM, OVERFLOW, STALLED, advice_of
from linbench.plugins.manager import load_plugins

ROOT = Path(__file__).parents[2]
STATUSES = [Status.CONVERGED, Status.BUDGET, Status.STALLED, Status.DIVERGED]


@pytest.fixture
def older(case):
    """An entry of rules 1 that has not converged, with some fields as asked."""

    def make(**fields):
        return case(**{"rules": 1, "epochs_to_target": None, "crossing_margin": None, **fields})

    return make


def explained_by(now, was):
    """The changed rules that explain all findings; nothing else may have been found."""
    found = judge(now, was)
    assert {finding.kind for finding in found} <= {Kind.RULES}
    assert exit_code(found) == 0
    return [advice.change for advice in advice_of(found)]


@pytest.mark.parametrize(
    ("before", "after"), [(Status.STALLED, Status.BUDGET), (Status.BUDGET, Status.STALLED)], ids=str
)
def test_a_run_that_stalled_by_older_rules_only_is_advice(older, before, after):
    was = older(status=before)
    assert explained_by(dataclasses.replace(was, status=after, rules=RULES), was) == [STALLED]


def test_advice_is_one_line_for_a_rule_whatever_the_number_of_cases(older):
    now, was = older(status=Status.BUDGET, rules=RULES), older(status=Status.STALLED)
    found = [
        finding
        for label in "abc"
        for finding in judge(dataclasses.replace(now, label=label), dataclasses.replace(was, label=label))
    ]
    (advice,) = advice_of(found)
    assert advice.line() == (
        "the rule of `stalled` changed with rules 2: 3 cases; renew the baseline with gate --update --reason …"
    )
    assert advice_of(found[:1])[0].line().startswith("the rule of `stalled` changed with rules 2: 1 case; ")


@pytest.mark.parametrize(
    "fields",
    [
        {"final_cost": None},
        {"final_cost": 49_999.0},
        {"final_cost": None, "initial_cost": None},
    ],
)
def test_a_run_whose_cost_overflowed_is_advice(older, fields):
    was = older(status=Status.DIVERGED, **fields)
    for status, epochs in ((Status.CONVERGED, 17), (Status.BUDGET, None), (Status.STALLED, None)):
        now = dataclasses.replace(was, status=status, epochs_to_target=epochs, rules=RULES)
        assert explained_by(now, was) == [OVERFLOW]
        assert explained_by(dataclasses.replace(was, rules=RULES), dataclasses.replace(now, rules=1)) == [OVERFLOW]


def test_a_run_that_rose_too_far_does_not_become_another_status_by_rules(older):
    was = older(status=Status.DIVERGED, initial_cost=5000.0, final_cost=50_001.0)
    (finding,) = judge(dataclasses.replace(was, status=Status.BUDGET, rules=RULES), was)
    assert finding.kind is Kind.DRIFT


def test_epochs_differ_by_rules_only_where_the_optimum_takes_more_digits_than_float64(case):
    was, now = case(rules=1), case(epochs_to_target=107, needs_exact_optimum=True)
    assert explained_by(now, was) == [OPTIMUM]
    assert explained_by(dataclasses.replace(now, status=Status.BUDGET, epochs_to_target=None), was) == [OPTIMUM]
    (finding,) = judge(dataclasses.replace(now, needs_exact_optimum=False), was)
    assert (finding.kind, finding.what) == (Kind.DRIFT, "epochs to target")


@pytest.mark.parametrize(
    "change", [{"final_cost": 46.9}, {"initial_cost": 5001.0}, {"bias": [42.6]}, {"final_cost": None}]
)
def test_costs_and_parameters_count_under_older_rules_as_ever(older, change):
    was = older(status=Status.STALLED)
    now = dataclasses.replace(was, status=Status.BUDGET, rules=RULES, **change)
    assert [finding.kind for finding in judge(now, was)] == [Kind.DRIFT] * 2
    assert exit_code(judge(now, was)) == 1


def test_a_crash_under_older_rules_is_a_crash(older):
    was = older(status=Status.STALLED)
    assert exit_code(judge(dataclasses.replace(was, status=Status.ERROR, error="no", rules=RULES), was)) == 4


@given(
    st.sampled_from(STATUSES),
    st.sampled_from(STATUSES),
    st.booleans(),
    st.integers(1, RULES),
    st.floats(1.0, 1e6),
    st.sampled_from([1.0, 1.001]),
)
def test_what_the_rules_explain_leaves_costs_and_parameters_as_they_are(before, after, exact, rules, cost, factor):
    was = CaseMetrics("x", before, "float64", None, None, 100.0, cost, [[1.0]], [2.0], rules=rules)
    now = CaseMetrics("x", after, "float64", None, None, 100.0, cost * factor, [[factor]], [2.0])
    now = dataclasses.replace(now, needs_exact_optimum=exact)
    found = judge(now, was)
    by_rules = [finding for finding in found if finding.kind is Kind.RULES]
    assert not by_rules or (by_rules == found and factor == 1.0 and rules < RULES)
    assert bool(found) == (before is not after or factor != 1.0)


def own_rate(params, lr=0.02):
    return torch.optim.SGD(params, lr)


def no_rate(params, lr=None):
    return torch.optim.SGD(params, 0.003 if lr is None else lr)


def steady(params, lr=0.01):
    return torch.optim.SGD(params, lr)


@pytest.fixture
def gate(monkeypatch, tmp_path):
    """A gate of optimizers of a plugin, by specs; `own` and `none` have defaults of their own in the signature."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    targets = {"own": own_rate, "none": no_rate, "steady": steady, "declared": own_rate}
    components = [
        Component("optimizer", name, target, {"lr": 0.03} if name == "declared" else {})
        for name, target in targets.items()
    ]
    catalog = Catalog([*load_plugins(()).catalog.offers, *(Offer(one, "mine") for one in components)])
    monkeypatch.chdir(tmp_path)

    def request(*optimizers, only=None, part=False, **suite):
        wanted = Suite(optimizers=optimizers, models="manual", problems="study-hours", epochs=20, **suite)
        return make_request(catalog, wanted, tmp_path / "convergence.json", only, part=part)

    return request


@pytest.fixture
def committed(gate, tmp_path):
    """Commit a suite as rules 1 would have, and some fields of its cases as asked; returns the path of the file."""

    def write(*optimizers, **fields):
        request = gate(*optimizers)
        run_update(request, reason="first")
        cases = read_baseline(request.baseline)
        older = {label: dataclasses.replace(one, rules=1, **fields) for label, one in cases.items()}
        request.baseline.write_text(as_text(older))
        return request.baseline

    return write


def lines(report):
    return [advice.line() for advice in report.advice]


AS_BEFORE = ("own:lr=0.01", "none:lr=0.01", "steady:lr=0.01", "declared:lr=0.03")


def test_a_default_lr_that_the_signature_has_is_one_line_and_no_failure(gate, committed):
    committed(*AS_BEFORE)
    report = run_request(gate("own", "none", "steady", "declared"))
    assert (report.findings, report.exit_code) == ([], 0)
    assert lines(report) == [
        "the default lr changed with rules 2: 2 cases (none:lr=0.01 → none, own:lr=0.01 → own:lr=0.02); "
        "renew the baseline with gate --update --reason …"
    ]
    assert report.summary == "4 cases: 2 as committed, 2 changed by rules alone"


def test_an_lr_that_somebody_gave_or_declared_is_a_case_that_went_and_one_that_came(gate, committed):
    committed("own:lr=0.01", "declared:lr=0.01", "steady")
    report = run_request(gate("own:lr=0.02", "declared", "steady"))
    assert report.advice == []
    assert sorted(finding.kind for finding in report.findings) == [Kind.NEW, Kind.NEW, Kind.REMOVED, Kind.REMOVED]
    assert report.exit_code == 3


def test_under_the_rules_of_today_another_default_lr_cannot_be_compared(gate):
    run_update(gate("own:lr=0.01", "steady"), reason="first")
    report = run_request(gate("own", "steady"))
    assert (report.advice, report.exit_code) == ([], 3)


@pytest.mark.parametrize("more", [{}, {"only": "*lr=0.02*"}, {"part": True}])
def test_the_case_before_is_found_whatever_part_of_the_suite_is_compared(gate, committed, more):
    committed("own:lr=0.01", "steady")
    report = run_request(gate("own", "steady", **more))
    assert (report.findings, report.exit_code) == ([], 0)
    assert [advice.change for advice in report.advice] == [DEFAULT_LEARNING_RATE]


def test_an_optimizer_that_the_suite_has_both_ways_is_compared_at_the_lr_that_was_given(gate, committed):
    path = committed("own:lr=0.01", final_cost=1.0)
    report = run_request(gate("own", "own:lr=0.01"))
    assert [(finding.kind, finding.what) for finding in report.findings] == [(Kind.DRIFT, "final cost")]
    assert [advice.change for advice in report.advice] == [DEFAULT_LEARNING_RATE]
    run_update(gate("own", "own:lr=0.01"), reason="both")
    assert [label.split(" · ")[2] for label in read_baseline(path)] == ["own:lr=0.01", "own:lr=0.02"]


def test_a_suite_in_which_every_default_lr_changed_is_not_taken_for_another_one(gate, committed):
    committed("own:lr=0.01")
    assert run_request(gate("own")).exit_code == 0


def test_an_update_puts_cases_of_todays_rules_in_the_place_of_older_ones(gate, committed):
    path = committed(*AS_BEFORE)
    request = gate("own", "none", "steady", "declared")
    result = run_update(request, reason="rules 2")
    assert [line.partition("target 1e-06: ")[2] or line for line in result.change_lines()] == [
        "optimizer: none:lr=0.01 → none",
        "optimizer: own:lr=0.01 → own:lr=0.02",
        "rules: 1 → 2",
    ]
    cases = read_baseline(path)
    assert {one.rules for one in cases.values()} == {RULES}
    assert json.loads(path.read_text())["rules"] == RULES
    assert {label.split(" · ")[2]: one.reason for label, one in cases.items()} == {
        "declared:lr=0.03": "first",
        "none": "rules 2",
        "own:lr=0.02": "rules 2",
        "steady:lr=0.01": "first",
    }
    report = run_request(request)
    assert (report.findings, report.advice) == ([], [])


def test_an_update_of_a_status_by_rules_keeps_the_numbers(gate, committed):
    path = committed("steady", status=Status.STALLED)
    (before,) = read_baseline(path).values()
    nudged = before.final_cost * (1 + 1e-12)
    path.write_text(as_text({before.label: dataclasses.replace(before, final_cost=nudged)}))
    run_update(gate("steady"), reason="rules 2")
    (after,) = read_baseline(path).values()
    assert (after.status, after.final_cost, after.reason, after.rules) == ("budget", nudged, "rules 2", RULES)


def test_an_update_of_some_cases_leaves_the_others_under_their_rules(gate, committed):
    path = committed("steady", "declared", status=Status.STALLED)
    run_update(gate("steady", "declared", only="*steady*"), reason="rules 2")
    assert {label.split(" · ")[2]: one.rules for label, one in read_baseline(path).items()} == {
        "declared:lr=0.03": 1,
        "steady:lr=0.01": RULES,
    }
    report = run_request(gate("steady", "declared"))
    assert (report.exit_code, [len(advice.findings) for advice in report.advice]) == (0, [1])


def test_every_change_is_of_known_rules_and_told_in_the_documents():
    documents = [(ROOT / path).read_text().replace("\n", " ").lower() for path in ("docs/gate.md", "CHANGELOG.md")]
    for change in CHANGES:
        assert 1 < change.rules <= RULES
        assert all(change.subject in document for document in documents), change.subject
    assert {change.rules for change in CHANGES} == set(range(2, RULES + 1))
