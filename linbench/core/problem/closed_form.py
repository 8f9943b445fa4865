"""What is known of a problem before anything is trained, as plain numbers.

The cost f(θ) = ‖Aθ − y‖²/(n·m), with A = [X 1], or A = X without intercept, is quadratic with the constant Hessian
H = 2/(n·m)·AᵀA for each target. L and μ are its largest and smallest non-zero eigenvalue, κ = L/μ.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theory:
    """A problem's closed form.

    weight: (d, m) nested, bias: (m,): the least-squares optimum, of minimum norm where it is not unique; the bias
        is empty in a problem without intercept.
    optimum_cost, zero_cost: the cost there, and at all parameters zero.
    spectrum: the Hessian's eigenvalues, ascending, d + 1 of them, or d without intercept. rank: how many are not zero.
    n_rows, n_features, n_targets: n, d, m.
    gap_parts: the gap at zero parameters, ½·Σ λ_i·c_i², by eigenvector, aligned with the spectrum: c_i² is the squared
        component of the optimum along the i-th, summed over targets. They add up to `scale`. Empty where unknown.
    intercept: whether the problem has one.
    """

    weight: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    optimum_cost: float
    zero_cost: float
    spectrum: tuple[float, ...]
    rank: int
    n_rows: int
    n_features: int
    n_targets: int
    gap_parts: tuple[float, ...] = ()
    intercept: bool = True

    @property
    def scale(self) -> float:
        """What relative gaps are relative to: cost at zero parameters − optimum cost."""
        return self.zero_cost - self.optimum_cost

    @property
    def L(self) -> float:  # noqa: N802  the field's own name
        """The largest curvature: the Lipschitz constant of the gradient."""
        return self.spectrum[-1]

    @property
    def mu(self) -> float:
        """The smallest curvature that is not zero: strong convexity on the space that training moves in."""
        return self.spectrum[len(self.spectrum) - self.rank]

    @property
    def condition_number(self) -> float:
        """κ = L/μ."""
        return self.L / self.mu

    @property
    def largest_stable_lr(self) -> float:
        """2/L: gradient descent diverges above it (Nesterov, Introductory Lectures on Convex Optimization, 2004)."""
        return 2 / self.L

    @property
    def best_fixed_lr(self) -> float:
        """2/(L + μ): the fixed lr with the best worst-case rate of gradient descent (Nesterov 2004, Theorem 2.1.15)."""
        return 2 / (self.L + self.mu)

    @property
    def best_fixed_rate(self) -> float:
        """(κ − 1)/(κ + 1): by what the distance to the optimum shrinks per step at `best_fixed_lr` (ibid.)."""
        return (self.condition_number - 1) / (self.condition_number + 1)

    @property
    def curvatures(self) -> tuple[float, ...]:
        """The eigenvalues that are not zero, ascending: `rank` of them."""
        return self.spectrum[len(self.spectrum) - self.rank :]

    def relative(self, gap: float) -> float:
        """A gap divided by `scale`; 0 or infinity where zero parameters are already optimal."""
        if self.scale > 0:
            return gap / self.scale
        return 0.0 if gap <= 0 else float("inf")
