"""Gradient methods on quadratics: rates, stability, and the first epoch at a target against the recurrences."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from linbench import Theory
from linbench.theory.modes import MOST_BOUNDS, first_crossing, gap_after, mode_of
from linbench.theory.rates import (
    GradientMethod,
    method_of,
    standard_nesterov,
    tuned_gradient_descent,
    tuned_heavy_ball,
    tuned_nesterov,
)

METHODS = [tuned_gradient_descent, tuned_heavy_ball, standard_nesterov, tuned_nesterov]
CONDITIONS = [1.0, 1.5, 10.0, 1e3, 1e6]


def made_of(*spectrum):
    parts = (1.0,) * len(spectrum)
    return Theory(
        ((0.0,),), (0.0,), 1.0, 1.0 + sum(parts), tuple(sorted(spectrum)), len(spectrum), 10, 1, 1, gap_parts=parts
    )


def gaps_of(method, curvatures, parts, epochs):
    """The gap after 0 … epochs, by torch.optim.SGD's update along each curvature."""
    errors, buffers = [1.0] * len(curvatures), [None] * len(curvatures)
    for _ in range(epochs + 1):
        yield sum(part * (error * error) for part, error in zip(parts, errors, strict=True))
        for i, curvature in enumerate(curvatures):
            step = curvature * errors[i]
            if method.momentum:
                old = buffers[i]
                new = step if old is None else method.momentum * old + (1 - method.dampening) * step
                buffers[i] = new
                step = step + method.momentum * new if method.nesterov else new
            errors[i] -= method.lr * step


@st.composite
def runs(draw):
    """A method, stable or not, on a few curvatures of at most 1, and the parts of the first gap."""
    curvatures = draw(st.lists(st.floats(1e-4, 1), min_size=1, max_size=4))
    parts = draw(st.lists(st.floats(1e-6, 1), min_size=len(curvatures), max_size=len(curvatures)))
    momentum = draw(st.sampled_from([0.0, 0.1, 0.5, 0.9, 0.99]))
    nesterov = momentum > 0 and draw(st.booleans())
    dampening = 0.0 if nesterov else draw(st.sampled_from([0.0, 0.3, 1.0]))
    return GradientMethod(draw(st.floats(1e-3, 4)), momentum, dampening, nesterov), curvatures, parts


@given(runs(), st.sampled_from([0, 1, 2, 3, 10, 101]))
def test_the_closed_form_is_where_the_recurrence_goes(run, epochs):
    method, curvatures, parts = run
    modes = [mode_of(method, curvature, part) for curvature, part in zip(curvatures, parts, strict=True)]
    expected = list(gaps_of(method, curvatures, parts, epochs))[-1]
    assume(expected < 1e100)
    assert gap_after(modes, epochs) == pytest.approx(expected, rel=1e-6, abs=1e-20)


@given(runs(), st.floats(1e-8, 0.5))
def test_the_first_epoch_at_a_target_is_that_of_the_recurrence(run, target):
    method, curvatures, parts = run
    target *= sum(parts)
    modes = [mode_of(method, curvature, part) for curvature, part in zip(curvatures, parts, strict=True)]
    found = first_crossing(modes, target)
    gaps = list(gaps_of(method, curvatures, parts, 500))
    walked = next((epoch for epoch, gap in enumerate(gaps) if gap <= target), None)
    if walked is None:
        assert found is None or found > 500
    elif found != walked:  # rounding may decide a tie
        assert min(abs(gaps[min(e, 500)] / target - 1) for e in (found or 500, walked)) < 1e-6


@pytest.mark.parametrize("condition", CONDITIONS)
def test_the_tuned_methods_have_the_rates_of_the_literature(condition):
    theory, root, wide = made_of(1.0, condition), math.sqrt(condition), math.sqrt(3 * condition + 1)
    expected = [(condition - 1) / (condition + 1), (root - 1) / (root + 1), 1 - 1 / root, 1 - 2 / wide]
    # At a double root a rounding of 1e-16 in lr or momentum is one of 1e-8 in the rate.
    assert [method(theory).rate(theory.curvatures) for method in METHODS] == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize(
    ("momentum", "dampening", "nesterov"), [(0, 0, False), (0.9, 0, False), (0.5, 0.3, False), (0.9, 0, True)]
)
def test_above_the_largest_stable_lr_the_rate_is_above_one(momentum, dampening, nesterov):
    limit = GradientMethod(0.0, momentum, dampening, nesterov).largest_stable_lr(4.0)
    below, above = (GradientMethod(f * limit, momentum, dampening, nesterov).rate([1.0, 4.0]) for f in (0.999, 1.001))
    assert below < 1 < above


def test_millions_of_epochs_cost_no_more_than_a_few():
    slow = [mode_of(GradientMethod(1.0, 0.9), curvature, 1.0) for curvature in (1e-12, 1e-6, 1.0)]
    epochs = first_crossing(slow, 1e-6)
    assert gap_after(slow, epochs) <= 1e-6 < gap_after(slow, epochs - 1)
    assert epochs > 10**11


def test_long_fast_oscillation_ends_in_an_epoch_from_which_on_the_gap_stays_below():
    curvatures = [0.9, 0.37, 0.53, 0.71]
    method = GradientMethod(1.0, 1 - 1e-7)
    modes = [mode_of(method, curvature, 1.0) for curvature in curvatures]
    epochs = first_crossing(modes, 1e-6)
    assert MOST_BOUNDS < 10**7 < epochs < 10**9
    assert max(gap_after(modes, epochs + k) for k in range(50)) <= 1e-6


@pytest.mark.parametrize("factor", [1.0, 1.001, 2.0])
def test_from_2_over_l_on_gradient_descent_never_arrives(factor):
    method = GradientMethod(factor * 2 / 4.0)
    assert first_crossing([mode_of(method, c, 1.0) for c in (1.0, 4.0)], 1e-3) is None


def test_a_run_may_pass_its_target_before_it_diverges():
    modes = [mode_of(GradientMethod(2.1), 1.0, 1e-9), mode_of(GradientMethod(2.1), 0.4, 1.0)]
    assert first_crossing(modes, 1e-4) == 3


@pytest.mark.parametrize(
    "arguments",
    [(-1.0,), (math.inf,), (math.nan,), (1, 1.0), (1, -0.1), (1, 0.5, 2.0), (1, 0, 0, True), (1, 0.5, 0.1, True)],
)
def test_what_theory_does_not_cover_is_refused(arguments):
    with pytest.raises(ValueError, match=r"must|needs"):
        GradientMethod(*arguments)


def test_a_record_of_sgd_is_the_method_it_ran(make_record):
    params = {"lr": 0.1, "momentum": 0.9, "nesterov": True}
    assert method_of(make_record(params=params)) == GradientMethod(0.1, 0.9, nesterov=True)
    assert method_of(make_record(params={"lr": 1, "foreach": True})) == GradientMethod(1.0)


@pytest.mark.parametrize(
    "fields",
    [
        {"optimizer": "adam"},
        {"batch_size": 2},
        {"params": {}},
        {"params": {"lr": 0.1, "weight_decay": 0.1}},
        {"params": {"lr": 0.1, "maximize": True}},
        {"params": {"lr": "inf"}},
        {"params": {"lr": 0.1, "momentum": 1.5}},
    ],
)
def test_other_records_have_no_method(make_record, fields):
    assert method_of(make_record(**fields)) is None


def test_a_spec_is_how_to_ask_for_it():
    assert GradientMethod(0.5).spec == "sgd:lr=0.5"
    assert GradientMethod(0.5, 0.25, nesterov=True).spec == "sgd:lr=0.5,momentum=0.25,nesterov=True"
    assert GradientMethod(0.5, 0.25, 0.1).spec == "sgd:lr=0.5,momentum=0.25,dampening=0.1"
