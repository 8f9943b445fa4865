"""K runs of one problem as one set of laned parameters: their costs and gradients."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch

from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.problem.workbench import Setup


class LaneModel(ABC):
    """K models side by side.

    parameters: what the optimizer is given, (K, …) each. shapes: the shape that each laned parameter, without the lane
    axis, has in one run; see `LaneWatch`.
    """

    parameters: list[nn.Parameter]
    shapes: Mapping[tuple[int, ...], torch.Size] | None

    @abstractmethod
    def rows(self, X: Tensor) -> Tensor:
        """Return rows (n, d) as the methods below take them; made once."""

    @abstractmethod
    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """Set each parameter's gradient, of each lane's own cost, and write the costs (K,) where they are wanted.

        rows: (n, …) or, where lanes see different ones, (K, n, …); y: (n, m) or (K, n, m).
        """

    @abstractmethod
    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """Write the costs (K,) only."""

    @abstractmethod
    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """Return W (K, d, m) and b (K, m), as views where they can be; None for a model that is not XW + b.

        b is zeros where the problem has no intercept.
        """

    @abstractmethod
    def outputs(self, rows: Tensor) -> Tensor:
        """Return the models' output (K, n, m)."""


def lane_model(setups: Sequence[Setup], seeds: Sequence[int], *, fused: bool) -> LaneModel:
    """Return the fastest lane model that holds these models; setups may differ in the model only, if all are linear.

    fused: the optimizer may be given W and b as one tensor.
    """
    if not all(is_linear(setup) for setup in setups):
        return AutogradLanes(setups, seeds)
    return FusedLanes(setups, seeds) if fused else LinearLanes(setups, seeds)


def is_linear(setup: Setup) -> bool:
    """Return whether the setup's model is a weight, then a bias if the problem has an intercept, and nothing else."""
    form = setup.form
    if form is None:
        return False
    return form.names == ((form.weight, form.bias) if setup.problem.intercept else (form.weight,))


class ClosedFormLanes(LaneModel):
    """Models of the form XW + b, each known to be one (`LinearForm`), whatever they call W and b and store them as.

    Their gradient needs no graph: it is a product of the rows and the residuals R = XW + b − y, each scaled by
    2/(n·m). In a problem without intercept there is no b.
    """

    @abstractmethod
    def _residuals(self, rows: Tensor, y: Tensor) -> Tensor:
        """Return R with the lanes on the first axis, in memory that may be written over."""

    @abstractmethod
    def _set_gradients(self, rows: Tensor, scaled: Tensor) -> None:
        """Set the gradients, given R·2/(n·m) as `_residuals` lays it out."""

    @final
    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """Set the gradients from the residuals, and write the costs where they are wanted."""
        with torch.no_grad():
            residuals = self._residuals(rows, y)
            if costs is not None:
                _write_costs(residuals, costs)
            # Autograd scales the residuals, too, before it multiplies them with the rows; in another order fewer lanes
            # would be their serial runs bit for bit.
            residuals.mul_(2 / residuals[0].numel())
            self._set_gradients(rows, residuals)

    @final
    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """Write the costs, which are the mean squares of the residuals."""
        with torch.no_grad():
            _write_costs(self._residuals(rows, y), costs)


@final
class LinearLanes(ClosedFormLanes):
    """W and b as two tensors (K, …), in the gradients XᵀR·2/(n·m) and 1ᵀR·2/(n·m)."""

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        start = _draw_linear_start(setups, seeds)
        self.weight, self._zeros = torch.nn.Parameter(start.weight), torch.zeros_like(start.bias)
        self.bias = torch.nn.Parameter(start.bias) if setups[0].problem.intercept else None
        self.parameters = [self.weight] if self.bias is None else [self.weight, self.bias]
        laned = [tuple(parameter.shape[1:]) for parameter in self.parameters]
        self.shapes = dict(zip(laned, start.stored_shapes, strict=True)) if start.stored_shapes else None

    def rows(self, X: Tensor) -> Tensor:
        """Return X itself."""
        return X

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """Return the parameters without their gradients."""
        return self.weight.detach(), self._zeros if self.bias is None else self.bias.detach()

    def outputs(self, rows: Tensor) -> Tensor:
        """Return XW + b."""
        with torch.no_grad():
            return self._add_bias(rows @ self.weight)

    def _residuals(self, rows: Tensor, y: Tensor) -> Tensor:
        return self._add_bias(rows @ self.weight).sub_(y)

    def _set_gradients(self, rows: Tensor, scaled: Tensor) -> None:
        self.weight.grad = rows.mT @ scaled
        if self.bias is not None:
            self.bias.grad = scaled.sum(1)

    def _add_bias(self, products: Tensor) -> Tensor:
        """Return XW + b, in the memory of XW."""
        return products if self.bias is None else products.add_(self.bias.unsqueeze(1))


@final
class FusedLanes(ClosedFormLanes):
    """W and b as one tensor θ (K, d + 1, m), which halves the calls that an optimizer makes; (K, d, m) without b.

    Only for optimizers that are known to treat each element by itself whichever parameter it belongs to. With
    A = [X 1], or A = X without b, and R = Aθ − y the gradient is AᵀR·2/(n·m).
    """

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        start = _draw_linear_start(setups, seeds)
        self._intercept, self._zeros = setups[0].problem.intercept, torch.zeros_like(start.bias)
        parts = [start.weight, start.bias.unsqueeze(1)] if self._intercept else [start.weight]
        self.theta = torch.nn.Parameter(torch.cat(parts, dim=1))
        self.parameters, self.shapes = [self.theta], None
        self._single_target = self.theta.shape[2] == 1

    def rows(self, X: Tensor) -> Tensor:
        """Return A, (n, d + 1) or (n, d)."""
        return torch.cat([X, X.new_ones(len(X), 1)], dim=1) if self._intercept else X

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """Return views of θ."""
        theta = self.theta.detach()
        return (theta[:, :-1], theta[:, -1]) if self._intercept else (theta, self._zeros)

    def outputs(self, rows: Tensor) -> Tensor:
        """Return Aθ."""
        return rows @ self.theta.detach()

    def _residuals(self, rows: Tensor, y: Tensor) -> Tensor:
        """Return (K, n), two matrices multiplied, for one target and the same rows for all lanes; else (K, n, m)."""
        if self._single_target and rows.ndim == 2:
            return (self.theta.squeeze(2) @ rows.mT).sub_(y.mT)
        return (rows @ self.theta).sub_(y)

    def _set_gradients(self, rows: Tensor, scaled: Tensor) -> None:
        if scaled.ndim == 2:
            self.theta.grad = (scaled @ rows).unsqueeze_(2)
        else:
            self.theta.grad = rows.mT @ scaled


@final
class AutogradLanes(LaneModel):
    """Any other model: `torch.func.vmap` over its forward, and autograd of the summed costs."""

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        """Draw every lane's model; all setups are of one model."""
        drawn = {seed: _draw_parameters(setups[0], seed) for seed in dict.fromkeys(seeds)}
        self._names = list(drawn[seeds[0]])
        self.parameters = [
            torch.nn.Parameter(torch.stack([drawn[seed][name] for seed in seeds])) for name in self._names
        ]
        self.shapes = {tuple(p.shape[1:]): p.shape[1:] for p in self.parameters}
        self._template = setups[0].make_model().to("meta")
        self._form = setups[0].form

    def rows(self, X: Tensor) -> Tensor:
        """Return X itself."""
        return X

    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """Set the gradients of the sum of all lanes' costs: no cost depends on another lane's parameters."""
        with torch.enable_grad():
            own = (self._outputs(rows) - y).square().mean((-2, -1))
            gradients = torch.autograd.grad(own.sum(), self.parameters)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        if costs is not None:
            costs.copy_(own.detach())

    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """Write the costs of the outputs."""
        costs.copy_((self.outputs(rows) - y).square().mean((-2, -1)))

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """Return copies of W and b, read as the model's form says; None for a model without one."""
        if self._form is None:
            return None
        return self._form.read(self._parameters_by_name(), lanes=(len(self.parameters[0]),))

    def outputs(self, rows: Tensor) -> Tensor:
        """Return the outputs, without a graph."""
        with torch.no_grad():
            return self._outputs(rows)

    def _outputs(self, rows: Tensor) -> Tensor:
        def forward(parameters: dict[str, Tensor], own_rows: Tensor) -> Tensor:
            output: Tensor = torch.func.functional_call(self._template, parameters, (own_rows,))
            return output

        laned = torch.func.vmap(forward, in_dims=(0, None if rows.ndim == 2 else 0))
        result: Tensor = laned(self._parameters_by_name(), rows)
        return result

    def _parameters_by_name(self) -> dict[str, Tensor]:
        return dict(zip(self._names, self.parameters, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class _LinearStart:
    """The parameters that K linear models start from.

    weight: (K, d, m). bias: (K, m). stored_shapes: those in which all models keep W and b; None where they differ.
    """

    weight: Tensor
    bias: Tensor
    stored_shapes: tuple[torch.Size, ...] | None


def _draw_linear_start(setups: Sequence[Setup], seeds: Sequence[int]) -> _LinearStart:
    """Draw every lane's W and b as the serial engine would, those of the same model and seed once."""
    drawn: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    stored: set[tuple[torch.Size, ...]] = set()
    for setup, seed in zip(setups, seeds, strict=True):
        if (id(setup), seed) not in drawn:
            if setup.form is None:
                raise ValueError(f"model {setup.model.label!r} is not of the form XW + b")
            parameters = _draw_parameters(setup, seed)
            drawn[id(setup), seed] = setup.form.read(parameters)
            stored.add(tuple(parameter.shape for parameter in parameters.values()))
    lanes = [drawn[id(setup), seed] for setup, seed in zip(setups, seeds, strict=True)]
    weight, bias = (torch.stack([lane[i] for lane in lanes]) for i in (0, 1))
    return _LinearStart(weight, bias, stored.pop() if len(stored) == 1 else None)


def _draw_parameters(setup: Setup, seed: int) -> dict[str, Tensor]:
    """Draw a model's parameters as the serial engine would."""
    with isolate(seed, setup.torch_device, threads=1):
        model = setup.make_model()
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def _write_costs(residuals: Tensor, costs: Tensor) -> None:
    squares = residuals.square()
    torch.mean(squares, dim=tuple(range(1, squares.ndim)), out=costs)
