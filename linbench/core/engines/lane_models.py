"""K runs of one problem as one set of laned parameters: their residuals, costs and gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import torch

from linbench.core.isolation.isolate import isolate

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.problem.workbench import Setup


class LaneModel(Protocol):
    """K models side by side.

    parameters: what the optimizer is given, (K, …) each. shapes: see `LaneWatch`.
    """

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The laned parameters."""

    @property
    def shapes(self) -> Mapping[tuple[int, ...], torch.Size] | None:
        """Of each laned parameter, without the lane axis, the shape that one run has."""

    def rows(self, X: Tensor) -> Tensor:
        """Rows (n, d) as the methods below take them; made once."""

    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """Set each parameter's gradient, of each lane's own cost, and write the costs (K,) where they are wanted.

        rows: (n, …) or, where lanes see different ones, (K, n, …); y: (n, m) or (K, n, m).
        """

    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """Write the costs (K,) only."""

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """W (K, d, m) and b (K, m), not copied; None where the model is not of that form."""

    def outputs(self, rows: Tensor) -> Tensor:
        """The models' output (K, n, m)."""


def lane_model(setups: Sequence[Setup], seeds: Sequence[int], *, fused: bool) -> LaneModel:
    """The fastest lane model that holds these models; setups may differ in the model only, if all are linear.

    fused: the optimizer may be given W and b as one tensor.
    """
    if not all(is_linear(setup) for setup in setups):
        return AutogradLanes(setups, seeds)
    return FusedLanes(setups, seeds) if fused else LinearLanes(setups, seeds)


def is_linear(setup: Setup) -> bool:
    """Whether the setup's model is a weight, then a bias, and nothing else."""
    form = setup.form
    return form is not None and form.bias is not None and form.names == (form.weight, form.bias)


class LinearLanes:
    """Models of the form XW + b, each known to be one (`LinearForm`), whatever they call W and b and store them as.

    The gradient needs no graph: with R = XW + b − y it is XᵀR·2/(n·m) and 1ᵀR·2/(n·m), multiplied in the order in
    which autograd multiplies them.
    """

    shapes: Mapping[tuple[int, ...], torch.Size] | None

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        weight, bias, stored = _drawn_linear(setups, seeds)
        self.weight, self.bias = torch.nn.Parameter(weight), torch.nn.Parameter(bias)
        self.parameters = [self.weight, self.bias]
        laned = [tuple(parameter.shape[1:]) for parameter in self.parameters]
        self.shapes = dict(zip(laned, stored, strict=True)) if stored else None

    def rows(self, X: Tensor) -> Tensor:
        """X itself."""
        return X

    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """See `LaneModel`."""
        with torch.no_grad():
            residuals = self._residuals(rows, y)
            if costs is not None:
                _write_costs(residuals, costs)
            residuals.mul_(2 / residuals[0].numel())
            self.weight.grad = rows.mT @ residuals
            self.bias.grad = residuals.sum(1)

    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """See `LaneModel`."""
        with torch.no_grad():
            _write_costs(self._residuals(rows, y), costs)

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """See `LaneModel`."""
        return self.weight.detach(), self.bias.detach()

    def outputs(self, rows: Tensor) -> Tensor:
        """See `LaneModel`."""
        return rows @ self.weight.detach() + self.bias.detach().unsqueeze(1)

    def _residuals(self, rows: Tensor, y: Tensor) -> Tensor:
        return (rows @ self.weight).add_(self.bias.unsqueeze(1)).sub_(y)


class FusedLanes:
    """The same models with W and b as one tensor θ (K, d + 1, m), which halves the calls that an optimizer makes.

    Only for optimizers that are known to treat each element by itself whichever parameter it belongs to. With
    A = [X 1] and R = Aθ − y the gradient is AᵀR·2/(n·m).
    """

    shapes = None

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        weight, bias, _ = _drawn_linear(setups, seeds)
        self.theta = torch.nn.Parameter(torch.cat([weight, bias.unsqueeze(1)], dim=1))
        self.parameters = [self.theta]
        self._single = self.theta.shape[2] == 1

    def rows(self, X: Tensor) -> Tensor:
        """[X 1], (n, d + 1)."""
        return torch.cat([X, X.new_ones(len(X), 1)], dim=1)

    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """See `LaneModel`."""
        with torch.no_grad():
            residuals = self._residuals(rows, y)
            if costs is not None:
                _write_costs(residuals, costs)
            residuals.mul_(2 / residuals[0].numel())
            if residuals.ndim == 2:
                self.theta.grad = (residuals @ rows).unsqueeze_(2)
            else:
                self.theta.grad = rows.mT @ residuals

    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """See `LaneModel`."""
        with torch.no_grad():
            _write_costs(self._residuals(rows, y), costs)

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """See `LaneModel`."""
        theta = self.theta.detach()
        return theta[:, :-1], theta[:, -1]

    def outputs(self, rows: Tensor) -> Tensor:
        """See `LaneModel`."""
        return rows @ self.theta.detach()

    def _residuals(self, rows: Tensor, y: Tensor) -> Tensor:
        """(K, n), two matrices multiplied, for one target and the same rows for all lanes; else (K, n, m)."""
        if self._single and rows.ndim == 2:
            return (self.theta.squeeze(2) @ rows.mT).sub_(y.mT)
        return (rows @ self.theta).sub_(y)


class AutogradLanes:
    """Any other model: `torch.func.vmap` over its forward, and autograd of the summed costs."""

    def __init__(self, setups: Sequence[Setup], seeds: Sequence[int]) -> None:
        """Draw every lane's model; all setups are of one model."""
        drawn = {seed: _drawn(setups[0], seed) for seed in dict.fromkeys(seeds)}
        self._names = list(drawn[seeds[0]])
        self.parameters = [
            torch.nn.Parameter(torch.stack([drawn[seed][name] for seed in seeds])) for name in self._names
        ]
        self.shapes = {tuple(p.shape[1:]): p.shape[1:] for p in self.parameters}
        self._template = setups[0].make_model().to("meta")
        self._form = setups[0].form

    def rows(self, X: Tensor) -> Tensor:
        """X itself."""
        return X

    def backward(self, rows: Tensor, y: Tensor, costs: Tensor | None) -> None:
        """See `LaneModel`."""
        with torch.enable_grad():
            own = (self._outputs(rows) - y).square().mean((-2, -1))
            gradients = torch.autograd.grad(own.sum(), self.parameters)
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        if costs is not None:
            costs.copy_(own.detach())

    def measure(self, rows: Tensor, y: Tensor, costs: Tensor) -> None:
        """See `LaneModel`."""
        costs.copy_((self.outputs(rows) - y).square().mean((-2, -1)))

    def weight_and_bias(self) -> tuple[Tensor, Tensor] | None:
        """See `LaneModel`."""
        if self._form is None:
            return None
        named: dict[str, Tensor] = dict(zip(self._names, self.parameters, strict=True))
        return self._form.read(named, lanes=(len(self.parameters[0]),))

    def outputs(self, rows: Tensor) -> Tensor:
        """See `LaneModel`."""
        with torch.no_grad():
            return self._outputs(rows)

    def _outputs(self, rows: Tensor) -> Tensor:
        def one(parameters: dict[str, Tensor], own_rows: Tensor) -> Tensor:
            output: Tensor = torch.func.functional_call(self._template, parameters, (own_rows,))
            return output

        named: dict[str, Tensor] = dict(zip(self._names, self.parameters, strict=True))
        result: Tensor = torch.func.vmap(one, in_dims=(0, None if rows.ndim == 2 else 0))(named, rows)
        return result


def _drawn(setup: Setup, seed: int) -> dict[str, Tensor]:
    """A model's parameters as the serial engine would draw them."""
    with isolate(seed, setup.torch_device, threads=1):
        model = setup.make_model()
    return {name: parameter.detach() for name, parameter in model.named_parameters()}


def _drawn_linear(
    setups: Sequence[Setup], seeds: Sequence[int]
) -> tuple[Tensor, Tensor, tuple[torch.Size, torch.Size] | None]:
    """Every lane's W (K, d, m) and b (K, m), and the shapes in which all models keep them, if they agree on them."""
    drawn: dict[tuple[int, int], tuple[Tensor, Tensor]] = {}
    stored: set[tuple[torch.Size, ...]] = set()
    for setup, seed in zip(setups, seeds, strict=True):
        if (id(setup), seed) not in drawn:
            if setup.form is None:
                raise ValueError(f"model {setup.model.label!r} is not of the form XW + b")
            parameters = _drawn(setup, seed)
            drawn[id(setup), seed] = setup.form.read(parameters)
            stored.add(tuple(parameter.shape for parameter in parameters.values()))
    lanes = [drawn[id(setup), seed] for setup, seed in zip(setups, seeds, strict=True)]
    weight, bias = (torch.stack([lane[i] for lane in lanes]) for i in (0, 1))
    shapes = stored.pop()
    return weight, bias, None if stored else (shapes[0], shapes[1])


def _write_costs(residuals: Tensor, costs: Tensor) -> None:
    squares = residuals.square()
    torch.mean(squares, dim=tuple(range(1, squares.ndim)), out=costs)
