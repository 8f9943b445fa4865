"""W and b are found in a model by what it computes, not by what it is called."""

import pytest
import torch
from torch import nn

from linbench.core.problem.linear_form import find_linear_form, has_bias
from linbench.plugins.builtin.manual_model import ManualModel

SHAPES = [(1, 1), (1, 3), (4, 1), (3, 3), (2, 5)]


class Shaped(nn.Module):
    """XW + b with parameters of any names and shapes; `compute(x, first, second)` is its output."""

    def __init__(self, first, second, compute):
        super().__init__()
        self.first = nn.Parameter(torch.ones(first))
        self.second = None if second is None else nn.Parameter(torch.ones(second))
        self.compute = compute

    def forward(self, x):
        return self.compute(x, self.first, self.second)


LINEAR = {
    "nn.Linear": nn.Linear,
    "nn.Linear without bias": lambda d, m: nn.Linear(d, m, bias=False),
    "nn.Linear inside": lambda d, m: nn.Sequential(nn.Linear(d, m)),
    "manual": ManualModel,
    "the bias first": lambda d, m: Shaped((m,), (d, m), lambda x, b, W: b + x @ W),
    "transposed": lambda d, m: Shaped((m, d), (1, m), lambda x, W, b: x @ W.T + b),
    "flat": lambda d, m: Shaped((d * m,), (m,), lambda x, W, b: x @ W.reshape(d, m) + b),
}


@pytest.mark.parametrize(("d", "m"), SHAPES)
@pytest.mark.parametrize("name", LINEAR)
def test_the_weight_and_bias_that_are_read_reproduce_the_model(name, d, m):
    torch.manual_seed(d + m)
    model = LINEAR[name](d, m)
    nn.init.normal_(next(model.parameters()))
    X = torch.randn(6, d)
    weight, bias = find_linear_form(lambda: LINEAR[name](d, m), d, m).read(dict(model.named_parameters()))
    assert (weight.shape, bias.shape) == ((d, m), (m,))
    torch.testing.assert_close(X @ weight + bias, model(X).detach())


def on_shaped(compute):
    return lambda d, m: Shaped((d, m), (m,), compute)


OTHER = {
    "two layers": lambda d, m: nn.Sequential(nn.Linear(d, 2), nn.Linear(2, m)),
    "no parameters": lambda _, m: Shaped((0,), None, lambda x, *_: x.new_ones(len(x), m)),
    "a nonlinearity": lambda d, m: nn.Sequential(nn.Linear(d, m), nn.Tanh()),
    "a weight kept positive": on_shaped(lambda x, W, b: x @ W.relu() + b),
    "a bias kept positive": on_shaped(lambda x, W, b: x @ W + b.relu()),
    "a weight clipped far out": on_shaped(lambda x, W, b: x @ W.clamp(-10, 10) + b),
    "another parametrization": on_shaped(lambda x, W, b: x @ (2 * W) + b),
    "a bias that is not added": on_shaped(lambda x, W, _: x @ W),
    "another shape of output": on_shaped(lambda x, W, b: (x @ W + b)[:, 0]),
    "float32 only": on_shaped(lambda x, _, b: x @ torch.ones(x.shape[1], 1) + b),
}


@pytest.mark.parametrize(("d", "m"), SHAPES)
@pytest.mark.parametrize("name", OTHER)
def test_a_model_of_another_form_has_none(name, d, m):
    assert find_linear_form(lambda: OTHER[name](d, m), d, m) is None


@pytest.mark.parametrize("lanes", [(), (3,), (2, 4)])
@pytest.mark.parametrize("make", [nn.Linear, ManualModel])
def test_leading_axes_are_kept(make, lanes):
    form = find_linear_form(lambda: make(2, 5), 2, 5)
    single = dict(make(2, 5).named_parameters())
    stacked = {name: torch.randn(*lanes, *p.shape) for name, p in single.items()}
    weight, bias = form.read(stacked, lanes)
    assert (weight.shape, bias.shape) == ((*lanes, 2, 5), (*lanes, 5))
    first = (0,) * len(lanes)
    W, b = form.read({name: tensor[first] for name, tensor in stacked.items()})
    assert torch.equal(weight[first], W)
    assert torch.equal(bias[first], b)


def test_what_is_read_is_a_copy_without_gradient():
    model = nn.Linear(1, 1)
    weight, bias = find_linear_form(lambda: nn.Linear(1, 1), 1, 1).read(dict(model.named_parameters()))
    before = weight.item(), bias.item()
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    assert (weight.item(), bias.item()) == before
    assert not weight.requires_grad


def test_finding_a_form_draws_nothing_from_the_generator_that_training_uses():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    find_linear_form(lambda: nn.Linear(3, 2), 3, 2)
    assert torch.equal(torch.rand(1), expected)


def without_bias(d, m):
    return nn.Sequential(nn.Linear(d, 3, bias=False), nn.Tanh(), nn.Linear(3, m, bias=False))


HAVE_BIAS = {name: make for name, make in LINEAR.items() if name != "nn.Linear without bias"} | {
    "two layers": OTHER["two layers"],
    "a bias kept positive": OTHER["a bias kept positive"],
    "a bias in the first of two layers": lambda d, m: nn.Sequential(nn.Linear(d, 2), nn.Linear(2, m, bias=False)),
    "a shift that is no parameter": on_shaped(lambda x, W, _: x @ W + 1),
}
HAVE_NONE = {
    "nn.Linear without bias": LINEAR["nn.Linear without bias"],
    "manual without bias": lambda d, m: ManualModel(d, m, bias=False),
    "two layers without bias": without_bias,
    "a bias that is not added": OTHER["a bias that is not added"],
    "nothing that can be called": on_shaped(lambda x, W, b: x @ torch.ones(x.shape[1] + 1, 1, dtype=x.dtype)),
}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("d", "m"), SHAPES)
@pytest.mark.parametrize("name", [*HAVE_BIAS, *HAVE_NONE])
def test_a_bias_is_told_by_the_output_where_all_features_are_zero(name, d, m, dtype):
    make = (HAVE_BIAS | HAVE_NONE)[name]
    assert has_bias(lambda: make(d, m), d, dtype) == (name in HAVE_BIAS)


def test_looking_for_a_bias_draws_nothing_from_the_generator_that_training_uses():
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    has_bias(lambda: nn.Linear(3, 2), 3, torch.float32)
    assert torch.equal(torch.rand(1), expected)
