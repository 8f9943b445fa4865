"""Products of matrices in twice the precision of float64, each number a sum of two.

Knuth's sum and Dekker's product give a rounded result and its rounding error, both in float64 (Dekker 1971,
doi:10.1007/BF01397083). torch has no fused multiply-add, which would be shorter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

_SPLITTER = 2.0**27 + 1


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """Numbers as sums of two: head holds them in float64, and tail the rest."""

    head: Tensor
    tail: Tensor


def subtract(numbers: Tensor, pair: Pair) -> Pair:
    """Return numbers − pair."""
    head, error = _sum(numbers, -pair.head)
    return Pair(head, error - pair.tail)


def multiply(left: Pair, right: Pair) -> Tensor:
    """Return the matrix product of left (r, p) and right (…, p, m) in float64: (…, r, m)."""
    head = torch.zeros(*right.head.shape[:-2], left.head.shape[0], right.head.shape[-1], dtype=torch.float64)
    tail = torch.zeros_like(head)
    for i in range(left.head.shape[1]):
        column, row = left.head[:, i, None], right.head[..., i, None, :]
        product, product_error = _product(column, row)
        head, sum_error = _sum(head, product)
        tail = tail + (product_error + sum_error + column * right.tail[..., i, None, :] + left.tail[:, i, None] * row)
    return head + tail


def _sum(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    total = a + b
    of_b = total - a
    return total, (a - (total - of_b)) + (b - of_b)


def _product(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    product = a * b
    (a_high, a_low), (b_high, b_low) = _halves(a), _halves(b)
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def _halves(values: Tensor) -> tuple[Tensor, Tensor]:
    scaled = _SPLITTER * values
    high = scaled - (scaled - values)
    return high, values - high
