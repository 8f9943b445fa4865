"""What gradient methods do on a quadratic, by stepping torch's own recurrence along each eigenvector.

Steps are taken in extended precision (64 bits of mantissa), many at a time: the state (error, buffer) after k steps of
a linear recurrence is M^k times the first one, so k states give 2k by one product.
"""

from __future__ import annotations

from dataclasses import dataclass

import mpmath
import numpy as np

FARTHEST = 2**17
"""The most steps that are followed one by one; beyond, the two at a claimed crossing are computed in many digits."""

CLOSE = 1e-9
"""The relative distance to a target within which two exact computations may fall on either side."""


@dataclass(frozen=True)
class Method:
    """`torch.optim.SGD` on all rows, without weight decay."""

    lr: float
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    @classmethod
    def of(cls, record) -> Method | None:
        """Return the method of a record; None where it is another one."""
        params = record.params
        if record.optimizer != "sgd" or record.batch_size is not None or params.get("weight_decay"):
            return None
        if params.get("maximize"):
            return None
        names = ("lr", "momentum", "dampening", "nesterov")
        return cls(**{name: params[name] for name in names if name in params})

    def largest_stable_lr(self, L):
        """Return the lr from which on a root along curvature L is beyond −1: where the characteristic polynomial is 0.

        At −1: 1 + t + D = 0 with t = 1 + β − α(1 − τ)L, D = β; for Nesterov t = (1 + β)(1 − αL), D = β(1 − αL).
        """
        beta = mpmath.mpf(self.momentum)
        if self.nesterov:
            return (2 + 2 * beta) / ((1 + 2 * beta) * L)
        damping = 1 - mpmath.mpf(self.dampening) if self.momentum else 1
        return (2 + 2 * beta) / (damping * L) if damping else mpmath.inf

    def rate(self, curvatures) -> mpmath.mpf:
        """Return the largest modulus of a root of the recurrence along any of these curvatures."""
        return max(abs(root) for curvature in curvatures for root in self._roots(mpmath.mpf(curvature)))

    def _roots(self, curvature):
        matrix = self._matrix(curvature)
        trace, det = matrix[0][0] + matrix[1][1], matrix[0][0] * matrix[1][1] - matrix[0][1] * matrix[1][0]
        if not self.momentum:
            return [matrix[0][0]]
        root = mpmath.sqrt(trace * trace / 4 - det)
        return [trace / 2 + root, trace / 2 - root]

    def _matrix(self, curvature):
        """Return the matrix of (error, buffer) → those after one more step."""
        number = type(curvature)
        lr, beta, damping = number(self.lr), number(self.momentum), 1 - number(self.dampening)
        if not self.momentum:
            return [[1 - lr * curvature, number(0)], [curvature, number(0)]]
        of_error, of_buffer = damping * curvature, beta
        step = [curvature + beta * of_error, beta * of_buffer] if self.nesterov else [of_error, of_buffer]
        return [[1 - lr * step[0], -lr * step[1]], [of_error, of_buffer]]

    def _first(self, curvature):
        number = type(curvature)
        extra = 1 + number(self.momentum) if self.nesterov else number(1)
        return [1 - number(self.lr) * curvature * extra, curvature]

    def gaps(self, curvatures: np.ndarray, parts: np.ndarray, epochs: int) -> np.ndarray:
        """Return the gap after 0 … epochs steps. parts: the gap of the start along each curvature."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            states = np.array([[self._first(curvature) for curvature in curvatures]], dtype=np.longdouble)
            power = np.array([self._matrix(curvature) for curvature in curvatures], dtype=np.longdouble)
            while len(states) < epochs:
                states = np.concatenate([states, np.einsum("mij,kmj->kmi", power, states)])
                power = np.einsum("mij,mjk->mik", power, power)
            errors = np.concatenate([np.ones((1, len(curvatures)), dtype=np.longdouble), states[:epochs, :, 0]])
            weighted = np.where(parts == 0, np.longdouble(0), parts * errors**2)
            total: np.ndarray = weighted.sum(1)
        return total

    def gap_at(self, curvatures, parts, epoch: int):
        """Return the gap after one number of steps, in eighty digits."""
        total = mpmath.mpf(0)
        for curvature, part in zip(curvatures, parts, strict=True):
            if epoch == 0 or not part:
                total += part
                continue
            state, matrix, left = self._first(curvature), self._matrix(curvature), epoch - 1
            while left:
                if left & 1:
                    state = [
                        matrix[0][0] * state[0] + matrix[0][1] * state[1],
                        matrix[1][0] * state[0] + matrix[1][1] * state[1],
                    ]
                matrix = [[sum(matrix[i][k] * matrix[k][j] for k in (0, 1)) for j in (0, 1)] for i in (0, 1)]
                left >>= 1
            total += part * state[0] ** 2
        return total


def first_crossing(method: Method, curvatures, parts, target, most: int = FARTHEST) -> tuple[int, int] | None:
    """Return the first epoch at which the gap is at most the target, as the range left open by rounding; None: not yet.

    The range is one epoch wide unless a gap before is within `CLOSE` of the target.
    """
    length = 256
    while True:
        gaps = method.gaps(curvatures, parts, min(length, most))
        surely, perhaps = gaps <= target * (1 - CLOSE), gaps <= target * (1 + CLOSE)
        if surely.any():
            return int(perhaps.argmax()), int(surely.argmax())
        if length >= most:
            return None
        length *= 8


def least_gap(curvatures: np.ndarray, parts: np.ndarray, epochs: int) -> tuple[np.longdouble, np.longdouble]:
    """Return the least gap that any fixed lr of gradient descent leaves after so many epochs, and that lr."""
    there = parts > 0
    curvatures, parts = curvatures[there], parts[there]
    low, high = 1 / curvatures.max(), 1 / curvatures.min()

    def gap(lr):
        return (parts * (1 - lr * curvatures) ** (2 * epochs)).sum()

    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for _ in range(120):
            middle = (low + high) / 2
            slope = -(parts * curvatures * (1 - middle * curvatures) ** (2 * epochs - 1)).sum()
            if slope > 0 or np.isnan(slope):
                high = middle
            else:
                low = middle
        grid = np.linspace(1 / curvatures.max(), min(1 / curvatures.min(), 2 / curvatures.max()), 300)
        found = min(((gap(lr), lr) for lr in (low, high)), key=lambda pair: pair[0])
        others = [(value, lr) for lr in grid if (value := gap(lr)) < found[0]]
    return min(others, key=lambda pair: pair[0]) if others else found


def is_best_epochs(curvatures: np.ndarray, parts: np.ndarray, target, epochs: int) -> bool:
    """Return whether some fixed lr is at the target after so many epochs, and none is before."""
    arrives = least_gap(curvatures, parts, epochs)[0] <= target * (1 + CLOSE)
    return bool(arrives and (epochs == 1 or least_gap(curvatures, parts, epochs - 1)[0] > target * (1 - CLOSE)))


def krylov_epochs(curvatures, parts, target) -> int:
    """Return the steps that conjugate gradients need to the target, in eighty digits."""
    pairs = [(mpmath.mpf(c), mpmath.sqrt(2 * mpmath.mpf(g) / c)) for c, g in zip(curvatures, parts, strict=True)]
    errors = [error for _, error in pairs]
    curvatures = [curvature for curvature, _ in pairs]
    residual = [-c * e for c, e in zip(curvatures, errors, strict=True)]
    direction, steps = residual, 0
    target = mpmath.mpf(target) * (1 + mpmath.mpf(10) ** -12)
    while sum(c / 2 * e * e for c, e in zip(curvatures, errors, strict=True)) > target and steps < len(curvatures):
        length = mpmath.fdot(residual, residual)
        step = length / sum(c * d * d for c, d in zip(curvatures, direction, strict=True))
        errors = [e + step * d for e, d in zip(errors, direction, strict=True)]
        residual = [-c * e for c, e in zip(curvatures, errors, strict=True)]
        factor = mpmath.fdot(residual, residual) / length
        direction = [r + factor * d for r, d in zip(residual, direction, strict=True)]
        steps += 1
    return steps
