"""The hooks that plugins are written against."""

import inspect

import pluggy
import pytest

from linbench.core.request.component import KINDS
from linbench.core.request.parameters import HARNESS_ARGUMENTS
from linbench.plugins import hookspecs
from linbench.plugins.builtin import devices, models, optimizers, problems, reporters
from linbench.plugins.markers import PROJECT

HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith(PROJECT)}

CALLS = {
    "linbench_optimizers": "target(params, **parameters)",
    "linbench_models": "target(n_features, n_targets, **parameters)",
    "linbench_devices": "target(**parameters)",
    "linbench_problems": "target(seed, **parameters)",
    "linbench_reporters": "target(records, **parameters)",
}


def test_every_kind_has_a_hook_and_every_hook_a_kind():
    assert list(HOOKS) == [f"linbench_{kind}s" for kind in KINDS]


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_takes_nothing_and_returns_components(name):
    signature = inspect.signature(HOOKS[name])
    assert not signature.parameters
    assert signature.return_annotation == "Iterable[Component]"


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_says_in_one_line_how_its_targets_are_called(name):
    (line,) = inspect.getdoc(HOOKS[name]).splitlines()
    assert f"`{CALLS[name]}`" in line


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_arguments_are_passed_as_the_hook_says(kind):
    documented = CALLS[f"linbench_{kind}s"].removeprefix("target(").split("**")[0]
    assert documented.count(",") == HARNESS_ARGUMENTS[kind]


def test_pluggy_knows_every_hook():
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(hookspecs)
    assert all(getattr(manager.hook, name).has_spec() for name in HOOKS)


@pytest.mark.parametrize(
    ("module", "name"),
    list(zip((optimizers, models, devices, problems, reporters), HOOKS, strict=True)),
    ids=lambda value: getattr(value, "__name__", value),
)
def test_every_hook_has_a_built_in_implementation(module, name):
    (offered,) = [function for key, function in vars(module).items() if key == name]
    assert [component.kind for component in offered()] == [name.removeprefix("linbench_")[:-1]] * len(offered())
    assert offered()
