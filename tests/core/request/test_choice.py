"""Choices: at which lr an optimizer runs that nobody gave one, and what keeps two choices apart."""

import functools
import threading

import pytest
import torch

from linbench import Component, Spec, Sweep
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.choice import bind, choose


def with_default(params, lr=0.05):
    return torch.optim.SGD(params, lr)


def without_default(params, lr):
    return torch.optim.SGD(params, lr)


def finds_its_own(params, lr=None):
    return torch.optim.SGD(params, 0.1 if lr is None else lr)


def takes_none(params, rate=0.2):
    return torch.optim.SGD(params, rate)


def scaled(params, scale, lr=0.1):
    return torch.optim.SGD(params, lr)


CATALOG = Catalog(
    Offer(component, "mine")
    for component in (
        Component("optimizer", "declared", with_default, {"lr": 0.3}),
        Component("optimizer", "undeclared", with_default),
        Component("optimizer", "bare", without_default),
        Component("optimizer", "own", finds_its_own),
        Component("optimizer", "rateless", takes_none),
        Component("optimizer", "declared-rateless", takes_none, {"lr": 0.3}),
    )
)


@pytest.mark.parametrize(
    ("spec", "option", "lr", "is_default"),
    [
        (Spec("declared", {"lr": 0.7}), 0.6, 0.7, False),
        (Spec("declared"), 0.6, 0.6, False),
        (Spec("declared"), None, 0.3, True),
        (Spec("undeclared"), None, 0.05, True),
        (Spec("undeclared"), 0.6, 0.6, False),
        (Spec("bare"), None, 0.01, True),
        (Spec("own"), None, None, False),
        (Spec("own"), 0.6, 0.6, False),
        (Spec("rateless"), 0.6, None, False),
        (Spec("declared-rateless"), None, None, False),
        (Spec("torch.optim.Adam"), None, 0.001, True),
        (Spec("MyAdam", {}, torch.optim.Adam), None, 0.001, True),
    ],
)
def test_an_lr_is_the_specs_the_options_the_declared_the_signatures_or_one_hundredth(spec, option, lr, is_default):
    (choice,) = bind(CATALOG, "optimizer", spec, option)
    assert (choice.params.get("lr"), choice.lr_is_default) == (lr, is_default)


def test_every_built_in_optimizer_declares_the_lr_that_it_runs_at(catalog):
    ones = {"adadelta", "lbfgs"}
    for offer in catalog.of_kind("optimizer"):
        declared = offer.component.defaults.get("lr")
        if "lr" in offer.component.parameters:
            assert declared == (1.0 if offer.component.name in ones else 0.01), offer.component.name


def test_partials_that_differ_in_one_entry_of_a_tensor_are_two_optimizers():
    first, second = torch.zeros(5000), torch.zeros(5000)
    second[4321] = 1e-6
    specs = [Spec("scaled", {"scale": scale}, scaled) for scale in (first, first.clone(), second)]
    choices = choose(CATALOG, "optimizer", specs)
    assert len(choices) == len({choice.label for choice in choices}) == len({choice.json for choice in choices}) == 2


def test_functions_without_a_name_are_told_apart_as_parameters():
    specs = [Spec("scaled", {"scale": scale}, scaled) for scale in (lambda: 1, lambda: 2)]
    assert len({choice.label for choice in choose(CATALOG, "optimizer", specs)}) == 2


def test_a_choice_that_holds_what_cannot_be_told_has_a_new_key_every_time_and_says_what_it_is():
    spec = Spec("scaled", {"scale": threading.Lock()}, scaled)
    (first,), (second,) = (choose(CATALOG, "optimizer", [spec]) for _ in range(2))
    assert first.unkeyable == second.unkeyable == "an object of type lock"
    assert first.json != second.json


def test_a_target_that_holds_what_cannot_be_told_is_unkeyable_too():
    lock = threading.Lock()
    target = functools.partial(scaled, scale=lambda: lock)
    (choice,) = bind(CATALOG, "optimizer", Spec("mine", {}, target))
    assert choice.unkeyable == "an object of type lock"


def test_two_that_can_neither_be_told_nor_shown_are_numbered():
    specs = [Spec("scaled", {"scale": threading.Lock()}, scaled) for _ in range(2)]
    labels = [choice.label for choice in choose(CATALOG, "optimizer", specs)]
    assert labels == ["scaled:lr=0.1,scale=<lock>", "scaled#2:lr=0.1,scale=<lock>"]


def test_sweeps_over_lr_are_no_defaults():
    choices = list(bind(CATALOG, "optimizer", Spec("undeclared"), Sweep((0.1, 0.2))))
    assert [(choice.params["lr"], choice.lr_is_default) for choice in choices] == [(0.1, False), (0.2, False)]
