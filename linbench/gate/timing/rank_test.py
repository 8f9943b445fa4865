"""Mann and Whitney's test for two small samples, exact.

U counts the pairs in which a value of the one sample is above a value of the other. Where both come from the same
distribution all C(n + m, n) orders are equally likely, and the number of orders with a given U follows from the
largest value, which belongs to one sample or to the other (Mann & Whitney 1947, Annals of Mathematical Statistics
18:50–60, equation 2).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence


def p_above(sample: Sequence[float], other: Sequence[float]) -> float:
    """Return the probability of a U at least as large if `sample` were no different from `other`: one-sided, exact.

    Equal values count as not above, which errs on the side of no difference. 1 where either is empty.
    """
    n, m = len(sample), len(other)
    u = sum(value > base for value in sample for base in other)
    return sum(_orders(n, m, k) for k in range(u, n * m + 1)) / math.comb(n + m, n)


def smallest_p(n: int, m: int) -> float:
    """Return the p where all n values are above all m: 1/C(n + m, n)."""
    return 1 / math.comb(n + m, n)


@functools.cache
def _orders(n: int, m: int, u: int) -> int:
    """Return the number of orders of n values and m others in which exactly u pairs have the first above."""
    if u < 0 or u > n * m:
        return 0
    if n == 0 or m == 0:
        return 1
    return _orders(n - 1, m, u - m) + _orders(n, m - 1, u)
