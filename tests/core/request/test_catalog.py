"""A catalog finds components by name or import path, and says what was meant where it does not."""

import pytest

from linbench import Component, UsageError
from linbench.core.request.catalog import Catalog, Offer

SGD = Component("optimizer", "sgd", "torch.optim:SGD")
ADAM = Component("optimizer", "adam", "torch.optim:Adam")
MODEL = Component("model", "sgd", "collections:OrderedDict")


@pytest.fixture
def offered():
    return Catalog([Offer(SGD, "one"), Offer(MODEL, "two"), Offer(ADAM, "two", built_in=True)])


def test_components_are_found_by_kind_and_name(offered):
    assert offered.find("optimizer", "sgd") is SGD
    assert offered.find("model", "sgd") is MODEL


def test_names_come_in_the_order_in_which_plugins_gave_them(offered):
    assert offered.names("optimizer") == ["sgd", "adam"]
    assert offered.names("device") == []
    assert [offer.provider for offer in offered.of_kind("optimizer")] == ["one", "two"]


def test_an_import_path_needs_no_registration(offered):
    component = offered.find("model", "fractions.Fraction")
    assert (component.kind, component.name) == ("model", "fractions.Fraction")
    assert component.resolve().__name__ == "Fraction"


@pytest.mark.parametrize(
    ("kind", "name", "message"),
    [
        ("optimizer", "smd", "unknown optimizer 'smd': did you mean 'sgd'?"),
        ("optimizer", "xyz", "unknown optimizer 'xyz': known are adam, sgd"),
        ("problem", "xyz", "unknown problem 'xyz': known are none"),
        (
            "optimizer",
            "no_such.Opt",
            "cannot import optimizer 'no_such.Opt': ModuleNotFoundError: No module named 'no_s",
        ),
        ("optimizer", "math.Opt", "cannot import optimizer 'math.Opt': AttributeError: module 'math' has no attribute"),
        ("optimizer", "math.pi", "cannot import optimizer 'math.pi': ComponentError: optimizer 'math.pi': target"),
    ],
)
def test_what_is_not_there_is_one_line_that_says_why(offered, kind, name, message):
    with pytest.raises(UsageError) as caught:
        offered.find(kind, name)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("path", ["..", ".a", "a.", "a..b", "1.2", "a-b.c"])
def test_a_name_with_a_dot_that_is_no_import_path_is_a_mistake_of_the_request(offered, path):
    with pytest.raises(UsageError, match=r"^unknown optimizer "):
        offered.find("optimizer", path)
