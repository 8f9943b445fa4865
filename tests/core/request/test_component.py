"""A component is checked when it is made, and imported only when it is used."""

import dataclasses

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from linbench import Component, ComponentError
from linbench.core.request.component import KINDS
from linbench.core.request.spec import parse_specs

NAMES = st.text(st.characters(exclude_characters=",:=()[]{}'\"", exclude_categories=["Cs", "Z", "Cc"]), min_size=1)


def sgd(params, lr):
    """Something callable."""


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_component_can_be_made(kind):
    assert Component(kind, "name", "module:attribute").kind == kind


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "optimiser"),
        ("kind", None),
        *[("name", f"a{character}b") for character in " \t\n,:=()[]{}'\""],
        ("name", ""),
        ("name", None),
        *[
            ("target", target)
            for target in ("torch.optim.SGD", "a:", ":b", "a:b:c", "a.:b", "1a:b", "a b:c", "", 5, None)
        ],
        ("defaults", [("lr", 1)]),
        ("defaults", {1: 2}),
        ("parameters", "lr"),
        ("parameters", {None: 1}),
    ],
)
def test_a_malformed_field_is_one_line_that_shows_the_name(field, value):
    fields = {"kind": "optimizer", "name": "myopt", "target": "a:b", field: value}
    with pytest.raises(ComponentError) as caught:
        Component(**fields)
    assert "\n" not in str(caught.value)
    assert (repr(value) if field in ("kind", "name", "target") else "'myopt'") in str(caught.value)


@given(NAMES)
@example("study-hours")
@example("torch.optim.SGD")
@example("0.5..1@3")
def test_every_name_that_is_accepted_can_be_called_from_a_spec(name):
    assert Component("optimizer", name, "a:b").name == name
    (spec,) = parse_specs(f"{name}:lr=0.1")
    assert (spec.name, spec.params) == (name, {"lr": 0.1})


def test_nothing_is_imported_before_the_component_is_resolved():
    component = Component("optimizer", "missing", "no_such_package_of_anybody:Class")
    with pytest.raises(ModuleNotFoundError, match="no_such_package_of_anybody"):
        component.resolve()


@pytest.mark.parametrize(("target", "name"), [("collections:OrderedDict", "OrderedDict"), ("os:path.join", "join")])
def test_a_target_given_as_text_is_what_lies_at_that_path(target, name):
    assert Component("model", "m", target).resolve().__name__ == name


def test_a_target_given_as_an_object_is_itself():
    assert Component("optimizer", "o", sgd).resolve() is sgd


def test_a_path_to_something_that_cannot_be_called_is_an_error():
    with pytest.raises(ComponentError, match="'math:pi' is not callable"):
        Component("model", "m", "math:pi").resolve()


def test_a_component_cannot_be_changed_afterwards():
    defaults = {"lr": 0.1}
    component = Component("optimizer", "o", sgd, defaults, parameters=defaults)
    defaults["lr"] = 0.2
    assert component.defaults == component.parameters == {"lr": 0.1}
    with pytest.raises(TypeError):
        component.defaults["lr"] = 0.3
    with pytest.raises(dataclasses.FrozenInstanceError):
        component.name = "other"


def test_the_identity_of_a_registered_component_is_its_name():
    assert Component("optimizer", "sgd", "torch.optim:SGD").identity == "sgd"


def test_the_identity_of_an_object_given_directly_says_where_it_was_defined():
    class Callable:
        def __call__(self, params):
            """Nothing."""

    for target in (sgd, Callable, Callable()):
        assert Component("optimizer", "name", target).identity == f"{__name__}:name"
