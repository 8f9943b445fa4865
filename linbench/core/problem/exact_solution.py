"""Least squares from exact inner products, rounded once: for data on which float64 alone loses digits.

Normal equations square the condition number, so they are the wrong way in float64. In numbers of 512 bits, from exact
inner products, they are the shortest: after the products nothing grows with the number of rows. Only the spectrum is
computed in float64, by a method that keeps the digits of the smallest curvatures.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import mul
from typing import TYPE_CHECKING

import torch

from linbench.core.problem.double_double import Pair
from linbench.core.problem.elimination import Elimination, FixedGram, fixed_point
from linbench.core.problem.exact_gram import Gram, exact_gram
from linbench.core.problem.optimum import Optimum
from linbench.core.problem.singular_values import EPS

if TYPE_CHECKING:
    from torch import Tensor

ROUNDING = 2
"""A column whose part outside of the others' span is within so many eps of its length is one of them but for rounding.

Four times the most that is left of a column whose values are combinations of those of others, each rounded once.
"""


@dataclass(frozen=True, slots=True)
class _Design:
    """Inner products of features, intercept and targets, and which columns are what."""

    gram: FixedGram
    columns: range
    targets: range
    n_rows: int


def solve_exactly(design: Tensor, y: Tensor, intercept: bool) -> Optimum:
    """Return the least-squares solution of minimum norm; every number is rounded once from many more digits.

    design: (n, p), the ones of the intercept last where there is one. y: (n, m). A column is taken for a combination of
    others where at most max(n, p)·eps of its length, the mean taken away, is outside of their span, or `ROUNDING`·eps
    of its length with the mean: this does not depend on units, and on offsets only where they hide the digits.
    """
    n, p = design.shape
    gram = fixed_point(exact_gram(torch.cat([design, y], dim=1)))
    data = _Design(gram, range(p), range(p, p + y.shape[1]), n)
    span = _take_independent(data, p - 1 if intercept else None)
    others = [column for column in data.columns if column not in span.taken]
    curvatures, gap_parts = _spectrum(data, span, others)
    parameters = _shortest_optimum(data, span) if others else _unique_optimum(data, span)
    root = _pairs(span.root(j) for j in data.columns)
    return Optimum(
        root=root.head,
        root_tail=root.tail,
        parameters=parameters.head,
        parameters_tail=parameters.tail,
        curvatures=curvatures,
        gap_parts=gap_parts,
        optimum_cost=_mean_square(data, [span.squares(target) for target in data.targets]),
        zero_cost=_mean_square(data, [gram.entries[target][target] for target in data.targets]),
    )


def _take_independent(data: _Design, intercept: int | None) -> Elimination:
    """Take the intercept, then column after column, each the one of which the largest share is left."""
    span = Elimination(data.gram)
    features = [column for column in data.columns if column != intercept]
    lengths = {j: _length(span, j) for j in features}
    if intercept is not None:
        span.take(intercept)
    spreads = {j: _length(span, j) for j in features}
    most = max(data.n_rows, len(data.columns))
    limits = {j: EPS * (most * spreads[j] + ROUNDING * lengths[j]) for j in features}
    while True:
        left = {j: _length(span, j) for j in features if j not in span.taken}
        shares = {j: length / spreads[j] for j, length in left.items() if length > limits[j]}
        if not shares:
            return span
        span.take(max(shares, key=lambda j: shares[j]))


def _unique_optimum(data: _Design, span: Elimination) -> Pair:
    """Return the optimum where every column was taken."""
    scales, values = data.gram.scales, []
    for target in data.targets:
        found = dict(zip(span.taken, span.coefficients(target), strict=True))
        exponent = scales[target] - data.gram.bits
        values.append([(found[j], exponent - scales[j]) for j in data.columns])
    return _pairs(values)


def _shortest_optimum(data: _Design, span: Elimination) -> Pair:
    """Return the shortest of all optima: Cᵀ(CCᵀ)⁻¹β, where A·C are all columns and A·β the fit, A those taken.

    With powers of two kept apart, it is Vᵀ(VVᵀ)⁻¹b with V and b whole numbers.
    """
    gram, rank = data.gram, len(span.taken)
    low, high = (limit(gram.scales[j] for j in data.columns) for limit in (min, max))
    bits = gram.bits + 2 * (high - low)
    columns = [[value << gram.scales[j] - low for value in span.coefficients(j)] for j in data.columns]
    V = list(zip(*columns, strict=True))
    products = [[sum(map(mul, row, other)) for other in V] for row in V]
    found: list[list[tuple[int, int]]] = []
    for target in data.targets:
        b = [value << bits for value in span.coefficients(target)]
        longest = max(1, *(value * value // products[i][i] for i, value in enumerate(b)))
        bordered = [*([*row, value] for row, value in zip(products, b, strict=True)), [*b, longest]]
        system = fixed_point(Gram(bordered, [0] * len(bordered)), bits)
        rows = Elimination(system)
        for i in range(rank):
            rows.take(i)
        *scales, scale = system.scales
        z = [value << max(scales) - of_row for value, of_row in zip(rows.coefficients(rank), scales, strict=True)]
        exponent = scale - max(scales) - 2 * bits + gram.scales[target] - low
        found.append([(sum(map(mul, column, z)), exponent) for column in columns])
    return _pairs(found)


def _spectrum(data: _Design, span: Elimination, others: Sequence[int]) -> tuple[list[float], list[float]]:
    """Return curvatures, ascending, and their parts of the gap at zero parameters.

    Columns are eliminated again, now the longest first, which makes rows of R that become shorter from one to the next.
    Of such a matrix the one-sided Jacobi method gets every singular value to nearly all its digits, however small it is
    beside the largest (Demmel et al. 1999, doi:10.1016/S0024-3795(99)00134-2); torch's method does not.
    """
    from scipy.linalg.lapack import dgejsv  # type: ignore[import-untyped]  # slow to import, and rarely needed

    gram = data.gram
    entries = [list(row) for row in gram.entries]
    for i in others:  # their parts outside of the span of the columns taken count as rounding
        for j in (*others, *data.targets):
            entries[i][j] = entries[j][i] = gram.entries[i][j] - span.left[i][j]
    again = Elimination(FixedGram(entries, gram.scales, gram.bits))
    for _ in span.taken:
        again.take(_longest_column(again, data.columns))
    root, along = (_pairs(again.root(j) for j in chosen).head.T for chosen in (data.columns, data.targets))
    sizes, _, rotation, work, _, failed = dgejsv(root.numpy(), joba=0, jobu=0, jobv=0, jobr=0, jobp=0)
    if failed:
        raise ArithmeticError("the singular values of the data did not converge")
    singular = torch.from_numpy(sizes * (work[0] / work[1])).flip(0)
    parts = (along @ torch.from_numpy(rotation)).square().sum(0).flip(0)
    count = data.n_rows * len(data.targets)
    return (2 / count * singular.square()).tolist(), (parts / count).tolist()


def _longest_column(again: Elimination, columns: Sequence[int]) -> int:
    """Return the column of which most is left, in its own units."""
    left = {j: _length(again, j) for j in columns if j not in again.taken}
    sizes = {j: math.log2(length) + again.scales[j] for j, length in left.items() if length}
    return max(sizes, key=lambda j: sizes[j])


def _length(span: Elimination, column: int) -> float:
    """Return what is left of a column's length, which was about 1."""
    return math.sqrt(span.squares(column) / (1 << span.bits))


def _mean_square(data: _Design, squares: Sequence[int]) -> float:
    total = sum(
        Fraction(square) * Fraction(2) ** (2 * data.gram.scales[target] - data.gram.bits)
        for target, square in zip(data.targets, squares, strict=True)
    )
    return float(total / (data.n_rows * len(squares)))


def _pairs(columns: Iterable[Sequence[tuple[int, int]]]) -> Pair:
    """Return a matrix of numbers value·2^exponent, given by columns."""
    pairs = [[_pair(value, exponent) for value, exponent in column] for column in columns]
    heads, tails = ([[pair[part] for pair in column] for column in pairs] for part in (0, 1))
    return Pair(torch.tensor(heads, dtype=torch.float64).T, torch.tensor(tails, dtype=torch.float64).T)


def _pair(value: int, exponent: int) -> tuple[float, float]:
    """Return value·2^exponent as the nearest float64 and that of what is left; infinite beyond its range."""
    spare = max(0, value.bit_length() - 1000)  # which no float64 holds
    value, exponent = value >> spare, exponent + spare
    head = float(value)
    return _scaled(head, exponent), _scaled(float(value - int(head)), exponent)


def _scaled(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.copysign(math.inf, value)
