"""The best lr of gradient descent for one start: against every other lr, exact cases, and the textbook's."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import linbench
from linbench.theory.best_lr import best_lr

SPECTRA = st.lists(
    st.tuples(st.floats(0.01, 100), st.floats(1e-6, 1e3)), min_size=1, max_size=5, unique_by=lambda mode: mode[0]
)


def epochs_at(curvatures, gaps, target, lr, most=20_000):
    """The first epoch at which gradient descent is at the target, by its recurrence, step by step."""
    gaps = np.array(gaps)
    factors = np.maximum((1 - lr * np.array(curvatures)) ** 2, 1e-300)
    for start in range(0, most, 1000):
        with np.errstate(over="ignore", under="ignore"):
            after = np.exp(np.log(factors)[None, :] * np.arange(start, min(start + 1000, most))[:, None]) @ gaps
        if (after <= target).any():
            return start + int((after <= target).argmax())
    return math.inf


@given(SPECTRA, st.floats(1e-4, 0.1))
def test_no_other_lr_needs_fewer_epochs(modes, share):
    curvatures, gaps = zip(*sorted(modes), strict=True)
    target = share * sum(gaps)
    best = best_lr(curvatures, gaps, target)
    assert epochs_at(curvatures, gaps, target * (1 + 1e-9), best.lr, best.epochs + 1) <= best.epochs
    for lr in np.geomspace(1 / curvatures[-1], 1 / curvatures[0], 40):
        assert epochs_at(curvatures, gaps, target * (1 - 1e-9), lr, best.epochs) >= best.epochs


def test_one_curvature_takes_one_step():
    best = best_lr([4.0], [1.0], 1e-12)
    assert (best.lr, best.epochs) == (0.25, 1)


def test_parts_of_equal_size_take_about_the_epochs_of_the_textbooks_lr():
    # There both factors are (κ − 1)/(κ + 1) in size.
    best = best_lr([1.0, 9.0], [1.0, 1.0], 1e-8)
    textbook = math.ceil(math.log(1e-8 / 2) / (2 * math.log(0.8)))
    assert textbook - 1 <= best.epochs <= textbook
    assert best.lr == pytest.approx(2 / (1 + 9), rel=0.02)


def test_the_tutorials_problem_takes_148_epochs_at_its_best_lr_and_193_at_the_textbooks():
    X, y = np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([50.0, 70.0, 90.0, 85.0])
    theory = linbench.solve(linbench.Problem(X, y)).theory
    curvatures, gaps = theory.curvatures, theory.gap_parts
    target = 1e-6 * theory.scale
    best = best_lr(curvatures, gaps, target)
    assert (best.epochs, round(best.lr, 4)) == (148, 0.1163)
    assert epochs_at(curvatures, gaps, target, best.lr) == 148
    assert epochs_at(curvatures, gaps, target, 0.1125) == 153
    assert epochs_at(curvatures, gaps, target, theory.best_fixed_lr) == 193


def test_a_start_that_is_there_has_none():
    assert best_lr([1.0, 2.0], [1e-9, 1e-9], 1e-6) is None


def test_parts_that_are_zero_do_not_count():
    assert best_lr([1.0, 7.0, 1e6], [0.0, 3.0, 0.0], 1e-9).epochs == 1


def test_an_ill_conditioned_spectrum_agrees_with_exact_arithmetic():
    curvatures, gaps, target = [2.0**-6, 1.0], [0.5, 0.5], 1e-3
    best = best_lr(curvatures, gaps, target)
    exact = []
    for epoch in (best.epochs - 1, best.epochs):
        factors = [(1 - Fraction(best.lr) * Fraction(curvature)) ** (2 * epoch) for curvature in curvatures]
        exact.append(sum(Fraction(gap) * factor for gap, factor in zip(gaps, factors, strict=True)))
    assert exact[1] <= Fraction(target) * (1 + Fraction(1, 10**9))
    assert exact[0] > Fraction(target) * (1 - Fraction(1, 10**9))
