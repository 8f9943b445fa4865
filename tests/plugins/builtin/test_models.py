"""The two built-in models compute XW + b and start where they say."""

import inspect

import pytest
import torch

import linbench
from linbench import ComponentError
from linbench.plugins.builtin.manual_model import ManualModel

SHAPES = [(1, 1), (1, 3), (4, 1), (3, 2)]


def test_these_models_are_built_in(catalog):
    assert catalog.names("model") == ["manual", "linear"]
    assert catalog.find("model", "linear").resolve() is torch.nn.Linear


@pytest.mark.parametrize(("d", "m"), SHAPES)
def test_the_manual_model_starts_at_zero(d, m):
    parameters = dict(ManualModel(d, m).named_parameters())
    assert set(parameters) == {"W", "b"}
    assert all(parameter.count_nonzero() == 0 for parameter in parameters.values())


@pytest.mark.parametrize(("d", "m"), SHAPES)
def test_the_manual_model_computes_what_nn_linear_computes(d, m):
    generator = torch.Generator().manual_seed(0)
    manual, linear = ManualModel(d, m), torch.nn.Linear(d, m)
    weight, bias, x = (torch.randn(*shape, generator=generator) for shape in ((d, m), (m,), (7, d)))
    with torch.no_grad():
        manual.W.copy_(weight.reshape(manual.W.shape))
        manual.b.copy_(bias)
        linear.weight.copy_(weight.T)
        linear.bias.copy_(bias)
        assert manual(x).shape == (7, m)
        torch.testing.assert_close(manual(x), linear(x))


@pytest.mark.parametrize(("d", "m"), SHAPES)
def test_the_manual_model_without_bias_is_its_weight_alone(d, m):
    model = ManualModel(d, m, bias=False)
    assert list(dict(model.named_parameters())) == ["W"]
    x = torch.randn(7, d, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        model.W.fill_(2.0)
    assert torch.equal(model(x), 2 * x if model.scalar else x @ model.W)


@pytest.mark.parametrize("bias", ["maybe", 0, None])
def test_a_bias_that_is_neither_true_nor_false_is_one_line(bias):
    with pytest.raises(ComponentError) as caught:
        ManualModel(1, 1, bias=bias)
    assert str(caught.value) == f"manual: bias must be True or False, not {bias!r}"


@pytest.mark.parametrize(("model", "seeds_matter"), [("manual", False), ("linear", True)])
def test_only_linear_starts_from_the_seed(model, seeds_matter):
    records = linbench.compare("sgd", model, seeds=[0, 1, 2], epochs=1, timing=False)
    assert len({record.initial_cost for record in records}) == (3 if seeds_matter else 1)


@pytest.mark.parametrize("name", ["manual", "linear"])
def test_the_declared_parameters_are_ones_that_the_model_takes(catalog, name):
    component = catalog.find("model", name)
    taken = list(inspect.signature(component.resolve()).parameters)[2:]
    assert set(component.parameters) <= set(taken)
