"""Rates of gradient descent on a quadratic, with and without momentum: the decay of the error along each curvature.

Along an eigenvector of the Hessian with curvature λ the error e = v·(θ − θ*) follows a recurrence of two terms,
e_{k+2} = t·e_{k+1} − D·e_k, whose roots decide how fast. `torch.optim.SGD` keeps a buffer b, b ← βb + (1 − τ)g, which
starts as the first gradient, so with parameters θ_k after k steps:

    heavy ball  θ_{k+1} = θ_k − α(1 − τ)g_k + β(θ_k − θ_{k−1}), θ_1 = θ_0 − αg_0: Polyak's method from rest
                t = 1 + β − α(1 − τ)λ, D = β, e_1 = 1 − αλ
    Nesterov    θ_k is the point y_k where Nesterov's method takes its gradient, with x_0 = y_0 = θ_0:
                x_{k+1} = y_k − αg_k, y_{k+1} = x_{k+1} + β(x_{k+1} − x_k)
                t = (1 + β)(1 − αλ), D = β(1 − αλ), e_1 = 1 − (1 + β)αλ

The buffer is not multiplied by lr, so while lr is constant torch's momentum is Polyak's and Nesterov's β itself.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.core.problem.closed_form import Theory

_NEUTRAL = {"weight_decay": 0, "maximize": False}
"""The values at which the other parameters of sgd change nothing."""


@dataclass(frozen=True, slots=True)
class GradientMethod:
    """Full-batch `sgd` with constant parameters, by torch's names for them.

    Raises ValueError where theory says nothing of it: lr not finite or negative, momentum not in [0, 1), dampening
    not in [0, 1], and Nesterov's variant without momentum or with dampening, which torch refuses as well.
    """

    lr: float
    momentum: float = 0.0
    dampening: float = 0.0
    nesterov: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.lr < math.inf:
            raise ValueError(f"lr must be a finite number of at least 0, not {self.lr}")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum must be at least 0 and below 1, not {self.momentum}")
        if not 0 <= self.dampening <= 1:
            raise ValueError(f"dampening must lie between 0 and 1, not {self.dampening}")
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            raise ValueError("nesterov needs momentum and no dampening")

    @property
    def spec(self) -> str:
        """The method as a spec: `sgd:lr=0.1,momentum=0.9,nesterov=True`."""
        parts = [f"lr={self.lr!r}"]
        parts += [f"momentum={self.momentum!r}"] if self.momentum else []
        parts += [f"dampening={self.dampening!r}"] if self.dampening else []
        parts += ["nesterov=True"] if self.nesterov else []
        return "sgd:" + ",".join(parts)

    @property
    def is_gradient_descent(self) -> bool:
        """Whether the method is gradient descent without momentum."""
        return self.momentum == 0

    @property
    def effective_lr(self) -> float:
        """The product lr·(1 − dampening) with momentum, else lr: torch ignores dampening without a buffer."""
        return self.lr * (1 - self.dampening) if self.momentum else self.lr

    def first_step(self, curvature: float) -> float:
        """Return 1 − e_1, the part of the error along a curvature that the first step takes away."""
        return self.lr * curvature * (1 + self._extrapolation)

    def recurrence(self, curvature: float) -> tuple[float, float]:
        """Return 2 − t and 1 − t + D of e_{k+2} = t·e_{k+1} − D·e_k.

        They are the coefficients of δ² − (2 − t)δ + (1 − t + D) = 0, whose solutions are one minus the roots; in this
        form the slowest root, close to 1, keeps its digits.
        """
        step = self.effective_lr * curvature
        return (1 - self.momentum) + (1 + self._extrapolation) * step, step

    def largest_stable_lr(self, largest_curvature: float) -> float:
        """Return the lr above which the method diverges, the other parameters as they are.

        2/L for gradient descent, 2(1 + β)/(L(1 − τ)) for heavy ball (Polyak 1964, Theorem 9), 2(1 + β)/(L(1 + 2β)) for
        Nesterov's; there the root of largest modulus passes −1. Infinite where dampening is 1.
        """
        beta = self.momentum
        factor = (1 + 2 * beta) if self.nesterov else (1 - self.dampening if beta else 1.0)
        return 2 * (1 + beta) / (largest_curvature * factor) if factor else math.inf

    def rate(self, curvatures: Sequence[float]) -> float:
        """Return the asymptotic factor of the distance to the optimum per epoch: the largest modulus of any root."""
        return max(self._radius(curvature) for curvature in curvatures)

    @property
    def _extrapolation(self) -> float:
        return self.momentum if self.nesterov else 0.0

    def _radius(self, curvature: float) -> float:
        b, c = self.recurrence(curvature)
        discriminant = b * b - 4 * c
        if discriminant < 0:
            return math.sqrt(1 - b + c)
        root = math.sqrt(discriminant)
        return max(abs(1 - (b + root) / 2), abs(1 - (2 * c / (b + root) if b + root else 0.0)))


def tuned_gradient_descent(theory: Theory) -> GradientMethod:
    """Return gradient descent at lr 2/(L + μ); rate (κ − 1)/(κ + 1).

    Nesterov, Introductory Lectures on Convex Optimization, 2004, Theorem 2.1.15.
    """
    return GradientMethod(theory.best_fixed_lr)


def tuned_heavy_ball(theory: Theory) -> GradientMethod:
    """Return heavy ball at lr 4/(√L + √μ)² with momentum ((√κ − 1)/(√κ + 1))²; rate (√κ − 1)/(√κ + 1).

    Polyak, Some methods of speeding up the convergence of iteration methods, 1964, Theorem 9.
    """
    upper, lower = math.sqrt(theory.L), math.sqrt(theory.mu)
    return GradientMethod(4 / (upper + lower) ** 2, ((upper - lower) / (upper + lower)) ** 2)


def standard_nesterov(theory: Theory) -> GradientMethod:
    """Return Nesterov's method at lr 1/L with momentum (√κ − 1)/(√κ + 1); rate 1 − 1/√κ on quadratics.

    Nesterov 2004, scheme (2.2.11); the rate: Lessard, Recht & Packard, arXiv:1408.3595, Proposition 1.
    """
    root = math.sqrt(theory.condition_number)
    return _nesterov(1 / theory.L, (root - 1) / (root + 1))


def tuned_nesterov(theory: Theory) -> GradientMethod:
    """Return Nesterov's method at its best rate on quadratics, 1 − 2/√(3κ + 1).

    lr = 4/(3L + μ), momentum = (√(3κ + 1) − 2)/(√(3κ + 1) + 2).
    Lessard, Recht & Packard, Analysis and design of optimization algorithms via integral quadratic constraints,
    2016, arXiv:1408.3595, Proposition 1.
    """
    root = math.sqrt(3 * theory.condition_number + 1)
    return _nesterov(4 / (3 * theory.L + theory.mu), (root - 2) / (root + 2))


def method_of(record: Record) -> GradientMethod | None:
    """Return the method of a run; None unless it is full-batch sgd with numbers that theory covers."""
    params = record.params
    if record.optimizer != "sgd" or record.batch_size is not None:
        return None
    if any(params.get(name, value) != value for name, value in _NEUTRAL.items()):
        return None
    numbers = [params.get(name, 0) for name in ("lr", "momentum", "dampening")]
    nesterov = params.get("nesterov", False)
    if "lr" not in params or not all(type(value) in (int, float) for value in numbers) or type(nesterov) is not bool:
        return None
    try:
        lr, momentum, dampening = map(float, numbers)
        return GradientMethod(lr, momentum, dampening, nesterov)
    except (ValueError, OverflowError):
        return None


def _nesterov(lr: float, momentum: float) -> GradientMethod:
    # At κ = 1 the best momentum is 0 (up to rounding), and the method gradient descent.
    return GradientMethod(lr, momentum, nesterov=True) if momentum > 0 else GradientMethod(lr)
