"""Read W and b off a model, whatever it calls them, and tell whether it has a bias at all."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from torch import Tensor, nn


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearForm:
    """The parameters of a model that are the weight and the bias of XW + b.

    weight, bias: parameter names; the bias is None for a model without. transposed: the weight is kept as (m, d).
    n_features, n_targets: d and m. names: all parameters, in the model's own order.
    """

    weight: str
    bias: str | None
    transposed: bool
    n_features: int
    n_targets: int
    names: tuple[str, ...]

    def read(self, parameters: Mapping[str, Tensor], lanes: tuple[int, ...] = ()) -> tuple[Tensor, Tensor]:
        """Return copies of W (*lanes, d, m) and b (*lanes, m), zeros for a model without.

        lanes: leading axes that every parameter has.
        """
        d, m = self.n_features, self.n_targets
        stored = parameters[self.weight].detach()
        weight = stored.reshape(*lanes, m, d).mT if self.transposed else stored.reshape(*lanes, d, m)
        if self.bias is None:
            return weight.clone(), weight.new_zeros(*lanes, m)
        return weight.clone(), parameters[self.bias].detach().reshape(*lanes, m).clone()


def find_linear_form(make_model: Callable[[], nn.Module], n_features: int, n_targets: int) -> LinearForm | None:
    """Return the linear form of a model, or None where its output is not XW + b of its own one or two parameters.

    Found by trying, not by type, so that any model of that form will do: the parameters are filled with random numbers
    in float64, and an assignment of them to W and b is taken when it reproduces the model's output on random rows;
    twice, the second time with other signs and sizes, so that a model which clips its parameters does not pass.
    """
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model = make_model().to("cpu", torch.float64)
        parameters = dict(model.named_parameters())
        for parameter in parameters.values():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        X = torch.randn(n_features + 3, n_features, generator=generator, dtype=torch.float64)
        fitting = list(_candidates(parameters, n_features, n_targets))
        for factor in (1.0, -100.0):
            for parameter in parameters.values():
                parameter.mul_(factor)
            try:
                output = model(X)
            except RuntimeError:  # for example a model that insists on another dtype
                return None
            fitting = [form for form in fitting if _reproduces(form, parameters, X, output)]
    return fitting[0] if fitting else None


def has_bias(make_model: Callable[[], nn.Module], n_features: int, dtype: torch.dtype) -> bool:
    """Return whether a model gives another output than 0 where all features are 0, its parameters drawn at random.

    That tells of models of any form, also of deep ones and of those that are not linear. False for a model that cannot
    be called in that dtype.
    """
    generator = torch.Generator().manual_seed(0)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        model = make_model().to("cpu", dtype)
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator, dtype=torch.float64))
        for factor in (1.0, -1.0):  # a bias that is kept positive is 0 for one of them
            for parameter in model.parameters():
                parameter.mul_(factor)
            try:
                output = model(torch.zeros(2, n_features, dtype=dtype))
            except RuntimeError:  # training will say what is wrong with it
                return False
            if (output.isfinite() & (output != 0)).any():
                return True
        return False


def _reproduces(form: LinearForm, parameters: Mapping[str, Tensor], X: Tensor, output: Tensor) -> bool:
    weight, bias = form.read(parameters)
    expected = X @ weight + bias
    return expected.shape == output.shape and torch.allclose(expected, output, rtol=1e-9, atol=1e-9)


def _candidates(parameters: Mapping[str, Tensor], d: int, m: int) -> Iterator[LinearForm]:
    if len(parameters) > 2:
        return
    weights = [name for name, p in parameters.items() if p.numel() == d * m]
    for weight, transposed in itertools.product(weights, (False, True)):
        others = [name for name in parameters if name != weight]
        if others and parameters[others[0]].numel() != m:
            continue
        yield LinearForm(
            weight=weight,
            bias=others[0] if others else None,
            transposed=transposed,
            n_features=d,
            n_targets=m,
            names=tuple(parameters),
        )
