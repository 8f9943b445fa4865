"""Every optimizer of torch that can train this is registered, under torch's own parameter names."""

import inspect

import pytest
import torch

import linbench

TORCHS = {
    name: value
    for name, value in vars(torch.optim).items()
    if inspect.isclass(value) and issubclass(value, torch.optim.Optimizer)
}
UNFIT = {"Optimizer", "SparseAdam", "Muon"}


def test_every_class_of_torch_optim_is_registered_but_those_that_cannot_train_this(catalog):
    registered = {catalog.find("optimizer", name).resolve().__name__ for name in catalog.names("optimizer")}
    assert registered == TORCHS.keys() - UNFIT


@pytest.mark.parametrize("name", sorted(TORCHS.keys() - UNFIT))
def test_the_declared_parameters_are_those_of_torchs_constructor(catalog, name):
    component = catalog.find("optimizer", name.lower())
    assert component.resolve() is TORCHS[name]
    taken = list(inspect.signature(TORCHS[name]).parameters.values())[1:]
    assert list(component.parameters.items()) == [(parameter.name, parameter.default) for parameter in taken]
    assert set(component.defaults) <= set(component.parameters)


@pytest.mark.parametrize(
    ("path", "reason"),
    [("torch.optim.SparseAdam", "does not support dense gradients"), ("torch.optim.Muon", "only supports 2D")],
)
def test_the_others_cannot_train_this_and_say_so_when_named_by_their_path(path, reason):
    (record,) = linbench.compare(path, "manual", epochs=2, timing=False)
    assert record.status == "error"
    assert reason in record.reason
