"""The inner products of a table's columns, without rounding.

Sums of products in float64 round at every step, and where columns are nearly dependent the rounding is larger than the
answer. Here the columns are cut into slices of so few bits that float64 can hold any sum of products of two slices, so
that matrix products of slices are exact, in whatever order they are summed (Ozaki, Ogita, Oishi & Rump 2012,
doi:10.1007/s11075-011-9478-1). Python's own whole numbers would do without slices, but take a minute for a table of a
million rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

SMALLEST_BIT = 512
"""Bits this far below the largest value of a column, and beyond, are left out of its inner products."""

_MANTISSA = 53


@dataclass(frozen=True, slots=True)
class Gram:
    """Inner products of columns: that of i and j is entries[i][j]·2^(exponents[i] + exponents[j])."""

    entries: list[list[int]]
    exponents: list[int]


def exact_gram(table: Tensor) -> Gram:
    """Return the inner products of a table's columns: (n, k), float64, all finite, with squares within its range."""
    exponents: list[int] = torch.frexp(table.abs().amax(0)).exponent.tolist()
    width = (_MANTISSA - (len(table) - 1).bit_length()) // 2
    slices = list(_slices(table * torch.tensor([2.0**-exponent for exponent in exponents], dtype=torch.float64), width))
    entries = [[0] * len(exponents) for _ in exponents]
    for order in range(2 * len(slices) - 1):
        products = _products(slices, order).tolist()
        entries = [
            [(entry << width) + product for entry, product in zip(*rows, strict=True)]
            for rows in zip(entries, products, strict=True)
        ]
    return Gram(entries, [exponent - width * len(slices) for exponent in exponents])


def _slices(table: Tensor, width: int) -> Iterator[Tensor]:
    """Yield whole numbers below 2^width in size; those of the i-th slice count 2^(-width·(i + 1))."""
    rest = table
    for _ in range(SMALLEST_BIT // width):
        if not bool(rest.any()):
            return
        rest = rest * 2.0**width
        yield rest.trunc()
        rest = rest - rest.trunc()


def _products(slices: list[Tensor], order: int) -> Tensor:
    """Return the sum of all products of slices i and j with i + j = order, in whole numbers of 64 bits."""
    columns = slices[0].shape[1]
    total = torch.zeros(columns, columns, dtype=torch.int64)
    for i in range(max(0, order - len(slices) + 1), order // 2 + 1):
        product = (slices[i].T @ slices[order - i]).to(torch.int64)
        total += product if 2 * i == order else product + product.T
    return total
