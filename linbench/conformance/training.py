"""Training of the optimizer under test for a few steps on a small regression, and the history of its parameters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from linbench.conformance.requirement import NotApplicable
from linbench.core.contract.run_context import RunContext
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.isolation.isolate import isolate
from linbench.core.request.bases import Bases

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject

STEPS = 10
"""The steps of a history: as many as lie between two curvature estimates, so that a resumed run meets the same ones."""

SEED = 0

ROWS, FEATURES, TARGETS = 8, 3, 2

RELATIVE, ABSOLUTE = 1e-4, 1e-6
"""The tolerances for two float32 histories of a few steps that differ in rounding only."""


class Regression(nn.Module):
    """A regression with the cost mean((XW + b − y)²), X (8, 3) and y (8, 2); start and samples are always the same.

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
        """Return XW + b, (n, 2)."""
        output = X @ self.weight
        return output if self.bias is None else output + self.bias

    def cost(self) -> Tensor:
        """Return the cost, a scalar."""
        return torch.mean((self(self.X) - self.y) ** 2)

    def sampled_cost(self) -> Tensor:
        """Return the cost on targets sampled from the model itself; the sample is the same every time."""
        output = self(self.X)
        return torch.mean((output - (output.detach() + self.noise)) ** 2)


def start(subject: Subject, model: nn.Module) -> Driver:
    """Build the optimizer under test on a model's parameters, ready to be stepped."""
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
class History:
    """The parameters before the first step and after every one: steps + 1 times as many tensors as the model has."""

    points: Sequence[Sequence[Tensor]]

    @property
    def end(self) -> Sequence[Tensor]:
        """The parameters after the last step."""
        return self.points[-1]

    def parameter(self, index: int) -> Tensor:
        """Return one parameter over all steps, (steps + 1, …)."""
        return torch.stack([point[index] for point in self.points])

    def same_as(self, other: History) -> bool:
        """Return whether both are alike bit for bit."""
        return all(torch.allclose(a, b, 0, 0, equal_nan=True) for a, b in self._pairs(other))

    def close_to(self, other: History) -> bool:
        """Return whether both differ in rounding only."""
        return all(is_close(a, b) for a, b in self._pairs(other))

    def _pairs(self, other: History) -> list[tuple[Tensor, Tensor]]:
        both = zip(self.points, other.points, strict=True)
        return [pair for mine, theirs in both for pair in zip(mine, theirs, strict=True)]


def is_close(a: Tensor, b: Tensor) -> bool:
    """Return whether two tensors differ in rounding only."""
    return torch.allclose(a, b, RELATIVE, ABSOLUTE, equal_nan=True)


def train(
    subject: Subject, model: nn.Module, cost: Callable[[], Tensor] | None = None, steps: int = STEPS, seed: int = SEED
) -> History:
    """Train a model from one fixed state of all generators. cost: by default the model's own."""
    with isolate(seed, torch.device("cpu"), threads=1):
        driver = start(subject, model)
        return advance(driver, model, cost, steps)


def require_alike(subject: Subject, one: History, other: History, otherwise: str) -> None:
    """Raise AssertionError with a text unless two histories differ in rounding only.

    Raises NotApplicable where a run does not even agree with itself: `is_deterministic` says so already.
    """
    if one.close_to(other):
        return
    require_repeatable(subject)
    raise AssertionError(otherwise)


def require_repeatable(subject: Subject) -> None:
    """Raise NotApplicable where two runs from one seed differ, so that no two runs can be compared."""
    first, second = (train(subject, Regression()) for _ in range(2))
    if not first.same_as(second):
        raise NotApplicable("two runs of it from one seed differ already")


def draws_random_numbers(subject: Subject) -> bool:
    """Return whether the optimizer draws from torch's generator."""
    with isolate(SEED, torch.device("cpu"), threads=1):
        model = Regression()
        driver = start(subject, model)
        before = torch.get_rng_state()
        advance(driver, model)
        return not torch.equal(before, torch.get_rng_state())


def advance(driver: Driver, model: nn.Module, cost: Callable[[], Tensor] | None = None, steps: int = STEPS) -> History:
    """Train for some more steps. cost: by default the model's own."""
    wanted: Callable[[], Tensor] = model.cost if cost is None else cost  # type: ignore[assignment]
    sampled: Callable[[], Tensor] | None = getattr(model, "sampled_cost", None)
    points = [copy_parameters(model)]
    for _ in range(steps):
        driver.step(wanted, sampled)
        points.append(copy_parameters(model))
    return History(points)


def copy_parameters(model: nn.Module) -> list[Tensor]:
    """Return copies of the parameters as they are now."""
    return [parameter.detach().clone() for parameter in model.parameters()]
