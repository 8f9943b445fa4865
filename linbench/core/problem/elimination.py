"""Gaussian elimination of inner products in fixed-point numbers of as many bits as wanted.

Whole numbers of Python stand for the fractions, which is faster than any library of long numbers written in Python, and
unlike exact fractions they do not grow from step to step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.core.problem.exact_gram import Gram

BITS = 512
"""Bits after the point.

Columns with an offset of up to 2^53 times their spread lose 106 of them when the intercept is taken, and columns that
depend on each other but for 2^-50 of their length another 100; what is left is far beyond what float64 holds.
"""

NOISE = 212
"""Of these bits, so many at the end may be the elimination's own rounding; what is in no others is 0."""


@dataclass(frozen=True, slots=True)
class FixedGram:
    """Inner products of columns that are scaled by powers of two to lengths between 0.7 and 1.5.

    That of i and j is entries[i][j]·2^(scales[i] + scales[j] - bits).
    """

    entries: list[list[int]]
    scales: list[int]
    bits: int


def fixed_point(gram: Gram, bits: int = BITS) -> FixedGram:
    """Return inner products in fixed-point numbers with so many bits after the point."""
    halves = [row[i].bit_length() // 2 for i, row in enumerate(gram.entries)]
    entries = [
        [_shift(entry, bits - half - other) for entry, other in zip(row, halves, strict=True)]
        for row, half in zip(gram.entries, halves, strict=True)
    ]
    return FixedGram(entries, [half + exponent for half, exponent in zip(halves, gram.exponents, strict=True)], bits)


class Elimination:
    """The elimination of one column after another: A = QR for the columns A that were taken, and what is left.

    left: the inner products of what other columns have outside of the span of those taken. taken: in which order.
    """

    def __init__(self, gram: FixedGram) -> None:
        self.bits, self.scales = gram.bits, gram.scales
        self.left = [list(row) for row in gram.entries]
        self.taken: list[int] = []
        self._rows: list[list[int]] = []
        self._open = list(range(len(self.left)))

    def take(self, pivot: int) -> None:
        """Take a column with something left of it: subtract from all others what they have along it."""
        top = self.left[pivot]
        self._rows.append([0] * len(top))
        for column in self._open:
            self._rows[-1][column] = top[column]
        self.taken.append(pivot)
        self._open.remove(pivot)
        for start, i in enumerate(self._open):
            row, factor = self.left[i], (top[i] << self.bits) // top[pivot]
            for j in self._open[start:]:
                row[j] = self.left[j][i] = row[j] - (factor * top[j] >> self.bits)

    def coefficients(self, column: int) -> list[int]:
        """Return the coefficients of a column's projection onto those taken, in their order.

        The k-th is to be multiplied by 2^(scales[column] - scales[taken[k]] - bits).
        """
        found: dict[int, int] = {}
        for pivot, row in zip(reversed(self.taken), reversed(self._rows), strict=True):
            rest = (row[column] << self.bits) - sum(row[other] * value for other, value in found.items())
            found[pivot] = self._without_noise(rest // row[pivot])
        return [found[pivot] for pivot in self.taken]

    def squares(self, column: int) -> int:
        """Return the square of a column's length outside of the span of those taken."""
        return self._without_noise(self.left[column][column])

    def root(self, column: int) -> list[tuple[int, int]]:
        """Return a column of R: its inner products with the orthonormal columns of Q, each as value·2^exponent."""
        exponent = self.scales[column] - self.bits
        return [
            ((row[column] << self.bits) // math.isqrt(row[pivot] << self.bits), exponent)
            for pivot, row in zip(self.taken, self._rows, strict=True)
        ]

    def _without_noise(self, value: int) -> int:
        return value if abs(value) >> NOISE else 0


def _shift(value: int, by: int) -> int:
    return value << by if by >= 0 else value >> -by
