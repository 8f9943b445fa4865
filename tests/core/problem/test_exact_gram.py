"""Inner products without rounding, and products of matrices in twice the precision of float64."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench.core.problem.double_double import Pair, multiply, subtract
from linbench.core.problem.exact_gram import exact_gram


def inner_products(table):
    columns = [[Fraction(value) for value in column] for column in table.T.tolist()]
    return [[sum(map(Fraction.__mul__, one, other)) for other in columns] for one in columns]


def as_fractions(gram):
    return [
        [entry * Fraction(2) ** (first + second) for entry, second in zip(row, gram.exponents, strict=True)]
        for row, first in zip(gram.entries, gram.exponents, strict=True)
    ]


@given(st.integers(1, 40), st.integers(1, 4), st.integers(0, 10**6), st.integers(0, 100), st.integers(-300, 300))
def test_inner_products_are_those_of_exact_fractions(rows, columns, seed, spread, unit):
    generator = np.random.default_rng(seed)
    table = generator.normal(size=(rows, columns)) * 2.0 ** generator.integers(-spread, spread + 1, (rows, columns))
    table = table * 2.0**unit * generator.integers(0, 2, (rows, columns))
    assert as_fractions(exact_gram(torch.from_numpy(table))) == inner_products(table)


def test_inner_products_of_many_rows_are_exact_in_spite_of_cancellation():
    x = 1e15 + np.arange(100_000.0)
    table = np.stack([x, np.where(np.arange(100_000) % 2, -x, x - 1), np.full(100_000, 0.1)], axis=1)
    assert as_fractions(exact_gram(torch.from_numpy(table))) == inner_products(table)


def test_values_512_bits_below_the_largest_of_their_column_are_left_out():
    table = torch.tensor([[1.0, 2.0**-600], [2.0**-600, 1.0]], dtype=torch.float64)
    assert as_fractions(exact_gram(table)) == [[1, 0], [0, 1]]


def test_a_table_of_zeros_has_inner_products_of_zero():
    assert exact_gram(torch.zeros(3, 2, dtype=torch.float64)).entries == [[0, 0], [0, 0]]


def product_in_fractions(heads, tails):
    """The inner product of two vectors (2, k) of numbers head + tail."""
    first, second = (
        [Fraction(head) + Fraction(tail) for head, tail in zip(*vector, strict=True)]
        for vector in zip(heads.tolist(), tails.tolist(), strict=True)
    )
    return sum(map(Fraction.__mul__, first, second))


@given(st.integers(0, 10**6))
def test_a_product_of_pairs_that_nearly_cancels_keeps_100_bits(seed):
    generator = np.random.default_rng(seed)
    heads, tails = generator.normal(size=(2, 6)), generator.normal(size=(2, 6)) * 2.0**-54
    heads[:, 5], tails[:, 5] = (1.0, -float(product_in_fractions(heads[:, :5], tails[:, :5]))), 0.0
    exact = float(product_in_fractions(heads, tails))
    left = Pair(torch.from_numpy(heads[:1]), torch.from_numpy(tails[:1]))
    right = Pair(torch.from_numpy(heads[1:].T), torch.from_numpy(tails[1:].T))
    assert abs(exact) < 1e-14
    assert multiply(left, right).item() == pytest.approx(exact, rel=0, abs=2.0**-100 * np.abs(heads).prod(0).sum())


def test_a_difference_keeps_the_digits_that_float64_leaves_out():
    third = Pair(torch.tensor([1 / 3], dtype=torch.float64), torch.tensor([2.0**-54 / 3], dtype=torch.float64))
    difference = subtract(torch.tensor([1 / 3], dtype=torch.float64), third)
    assert (difference.head.item(), difference.tail.item()) == (0.0, -(2.0**-54) / 3)
