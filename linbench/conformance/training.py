"""A few steps of the optimizer under test on a small regression, and the trajectory of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from linbench.conformance.claim import NotApplicable
from linbench.core.contract.run_context import RunContext
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.isolation.isolate import isolate
from linbench.core.request.bases import Bases

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

STEPS = 10
"""Steps of a trajectory; as many as lie between two curvature estimates, so that a resumed run meets the same ones."""

SEED = 0

ROWS, FEATURES, TARGETS = 8, 3, 2

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""How far two float32 trajectories of a few steps may lie apart that differ in rounding only."""


class Regression(nn.Module):
    """mean((XW + b − y)²) for X (8, 3) and y (8, 2), started and sampled the same way every time.

    weight: (3, 2), or another layout of the same numbers. bias: (2,); left out where `bias` is False.
    """

    def __init__(
        self,
        dtype: torch.dtype = torch.float32,
        layout: Callable[[Tensor], Tensor] = Tensor.contiguous,
        bias: bool = True,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(SEED)

        def draw(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)

        self.X, self.y, self.noise = draw(ROWS, FEATURES), draw(ROWS, TARGETS), draw(ROWS, TARGETS)
        self.weight = nn.Parameter(layout(draw(FEATURES, TARGETS)))
        self.bias = nn.Parameter(draw(TARGETS)) if bias else None

    def forward(self, X: Tensor) -> Tensor:
        """XW + b, (n, 2)."""
        output = X @ self.weight
        return output if self.bias is None else output + self.bias

    def cost(self) -> Tensor:
        """The cost, a scalar."""
        return torch.mean((self(self.X) - self.y) ** 2)

    def sampled_cost(self) -> Tensor:
        """The cost on targets sampled from the model itself; the sample is the same every time."""
        output = self(self.X)
        return torch.mean((output - (output.detach() + self.noise)) ** 2)


def start(subject: Subject, model: nn.Module) -> Driver:
    """The optimizer under test on a model's parameters, ready to be stepped; the only place that builds one."""
    lr, bases = subject.lr, Bases(subject.catalog)
    run = RunContext(
        model,
        epochs=2 * STEPS,
        steps_per_epoch=1,
        batch_size=ROWS,
        data_size=ROWS,
        seed=SEED,
        lr=lr,
        base=lambda spec, params=None: bases.make(spec, lr, list(model.parameters()) if params is None else params),
        base_factory=bases.factory,
    )
    return make_driver(subject.component, subject.params, run)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The parameters before the first step and after every one: steps + 1 times as many tensors as the model has."""

    points: Sequence[Sequence[Tensor]]

    @property
    def end(self) -> Sequence[Tensor]:
        """The parameters after the last step."""
        return self.points[-1]

    def parameter(self, index: int) -> Tensor:
        """One parameter's course, (steps + 1, …)."""
        return torch.stack([point[index] for point in self.points])

    def same_as(self, other: Trajectory) -> bool:
        """Whether both are alike bit for bit."""
        return all(torch.allclose(a, b, 0, 0, equal_nan=True) for a, b in self._pairs(other))

    def close_to(self, other: Trajectory) -> bool:
        """Whether both differ in rounding only."""
        return all(close(a, b) for a, b in self._pairs(other))

    def _pairs(self, other: Trajectory) -> list[tuple[Tensor, Tensor]]:
        both = zip(self.points, other.points, strict=True)
        return [pair for mine, theirs in both for pair in zip(mine, theirs, strict=True)]


def close(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors differ in rounding only."""
    return torch.allclose(a, b, RELATIVE, ABSOLUTE, equal_nan=True)


def trajectory(
    subject: Subject, model: nn.Module, cost: Callable[[], Tensor] | None = None, steps: int = STEPS, seed: int = SEED
) -> Trajectory:
    """Train a model from one fixed state of all generators. cost: the model's own where none is given."""
    with isolate(seed, torch.device("cpu"), threads=1):
        driver = start(subject, model)
        return advance(driver, model, cost, steps)


def require_alike(subject: Subject, one: Trajectory, other: Trajectory, otherwise: str) -> None:
    """Raise AssertionError unless both differ in rounding only.

    Raises NotApplicable where a run does not even agree with itself: `is_deterministic` says so already.
    """
    if one.close_to(other):
        return
    require_repeatable(subject)
    raise AssertionError(otherwise)


def require_repeatable(subject: Subject) -> None:
    """Raise NotApplicable where two runs from one seed differ, so that no two runs can be compared."""
    first, second = (trajectory(subject, Regression()) for _ in range(2))
    if not first.same_as(second):
        raise NotApplicable("two runs of it from one seed differ already")


def draws(subject: Subject) -> bool:
    """Whether it draws from torch's generator."""
    with isolate(SEED, torch.device("cpu"), threads=1):
        model = Regression()
        driver = start(subject, model)
        before = torch.get_rng_state()
        advance(driver, model)
        return not torch.equal(before, torch.get_rng_state())


def advance(
    driver: Driver, model: nn.Module, cost: Callable[[], Tensor] | None = None, steps: int = STEPS
) -> Trajectory:
    """Go on training."""
    wanted: Callable[[], Tensor] = model.cost if cost is None else cost  # type: ignore[assignment]
    sampled: Callable[[], Tensor] | None = getattr(model, "sampled_cost", None)
    points = [copies(model)]
    for _ in range(steps):
        driver.step(wanted, sampled)
        points.append(copies(model))
    return Trajectory(points)


def copies(model: nn.Module) -> list[Tensor]:
    """The parameters as they are now."""
    return [parameter.detach().clone() for parameter in model.parameters()]
