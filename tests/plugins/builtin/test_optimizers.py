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
BASE = {"Optimizer"}


def test_every_class_of_torch_optim_is_registered(catalog):
    names = [name for name in catalog.names("optimizer") if "/" not in name]  # those with one are of packs
    names.remove("krylov-limit")  # which is the limit that the others are held to
    registered = {catalog.find("optimizer", name).resolve().__name__ for name in names}
    assert registered == TORCHS.keys() - BASE


@pytest.mark.parametrize("name", sorted(TORCHS.keys() - BASE))
def test_the_declared_parameters_are_those_of_torchs_constructor(catalog, name):
    component = catalog.find("optimizer", name.lower())
    assert component.resolve() is TORCHS[name]
    taken = list(inspect.signature(TORCHS[name]).parameters.values())[1:]
    assert list(component.parameters.items()) == [(parameter.name, parameter.default) for parameter in taken]
    assert set(component.defaults) <= set(component.parameters)


@pytest.mark.parametrize("optimizer", ["sparseadam", "torch.optim.SparseAdam"])
def test_sparse_adam_is_adam_where_every_gradient_is_full(optimizer):
    sparse, dense = linbench.compare([optimizer, "adam"], "linear", epochs=20, lr=0.1, timing=False)
    assert sparse.final_cost == pytest.approx(dense.final_cost, rel=1e-6)


@pytest.mark.parametrize("optimizer", ["muon", "torch.optim.Muon"])
def test_muon_trains_matrices_and_is_skipped_where_there_are_none(optimizer):
    skipped, trained = linbench.compare(optimizer, "manual,linear", epochs=20, lr=0.1, timing=False)
    assert (skipped.status, trained.status) == ("skipped", "budget")
    assert "2D" in skipped.reason
    assert trained.final_cost < trained.initial_cost
