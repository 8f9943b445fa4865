"""`--plugin FILE_OR_MODULE`: plugins asked for by name, for one call."""

import sys

import pytest

import linbench
from linbench.plugins.manager import ALLOW_LIST, load_plugins

SOURCE = """
import torch
from linbench import Component, hookimpl

class Doubled(torch.optim.SGD):
    def __init__(self, params, lr=0.5):
        super().__init__(params, lr=2 * lr)

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "doubled", "{module}:Doubled")]
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Write a module to a folder that is on the path; what it loads is forgotten afterwards."""
    folder = tmp_path / "modules"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)

    def write(name, text=SOURCE):
        path = folder / f"{name}.py"
        path.write_text(text.replace("{module}", name))
        return path

    yield write
    for path in folder.glob("*.py"):
        sys.modules.pop(path.stem, None)


def load(*names):
    return load_plugins(names, environ={ALLOW_LIST: ""})


@pytest.mark.parametrize("given_as", ["file", "module"])
def test_a_file_or_module_is_loaded_last_and_its_target_resolves(source, given_as):
    path = source("named_plugin")
    name = str(path) if given_as == "file" else "named_plugin"
    plugins = load(name)
    assert (plugins.statuses[-1].name, plugins.statuses[-1].state) == (name, "loaded")
    component = plugins.catalog.find("optimizer", "doubled")
    assert component.target == "named_plugin:Doubled"
    assert component.resolve() is sys.modules["named_plugin"].Doubled


def test_the_allow_list_is_about_installed_plugins_only(source):
    path = source("named_plugin")
    plugins = load_plugins([str(path)], environ={ALLOW_LIST: "another"})
    assert plugins.statuses[-1].state == "loaded"


def test_an_optimizer_of_a_named_plugin_trains_as_any_other(source):
    comparison = linbench.compare(
        ["doubled:lr=0.005", "sgd:lr=0.01"], "manual", epochs=5, timing=False, plugins=[str(source("named_plugin"))]
    )
    doubled, sgd = comparison
    assert (doubled.weight, doubled.bias) == (sgd.weight, sgd.bias)


def test_several_named_plugins_can_be_given(source):
    paths = [str(source(name, SOURCE.replace('"doubled"', f'"{name}"'))) for name in ("one_plugin", "two_plugin")]
    assert load(*paths).catalog.names("optimizer")[-2:] == ["one_plugin", "two_plugin"]


def test_a_file_that_was_changed_is_read_again(source):
    path = source("named_plugin")
    load(str(path))
    source("named_plugin", SOURCE.replace('"doubled"', '"twice"'))
    assert load(str(path)).catalog.names("optimizer")[-1] == "twice"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise RuntimeError('no luck')", "cannot be loaded: RuntimeError: no luck"),
        ("import sys; sys.exit(3)", "cannot be loaded: SystemExit: 3"),
        ("this is no Python", "cannot be loaded: SyntaxError: invalid syntax"),
        (
            SOURCE.replace("linbench_optimizers", "linbench_optimisers"),
            "cannot be used: PluginValidationError: unknown",
        ),
        (SOURCE.replace('"optimizer"', '"optimiser"'), "cannot be used: component kind 'optimiser' is not one of"),
    ],
)
@pytest.mark.parametrize("given_as", ["file", "module"])
def test_a_named_plugin_that_fails_is_an_error_since_it_was_asked_for(source, given_as, text, message):
    path = source("named_plugin", text)
    name = str(path) if given_as == "file" else "named_plugin"
    with pytest.raises(linbench.UsageError) as raised:
        load(name)
    assert str(raised.value).startswith(f"plugin '{name}' {message}")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("no_such.py", "FileNotFoundError: no such file: no_such.py"),
        ("no/such", "FileNotFoundError: no such file: no/such"),
        ("no_such", "ModuleNotFoundError: No module named 'no_such'"),
    ],
)
def test_a_named_plugin_that_is_not_there_is_an_error(name, reason):
    with pytest.raises(linbench.UsageError) as raised:
        load(name)
    assert str(raised.value) == f"plugin '{name}' cannot be loaded: {reason}"


@pytest.mark.parametrize("name", ["json", "this", "sys"])
def test_a_file_named_like_another_module_is_refused_whether_that_is_loaded_or_not(tmp_path, name):
    path = tmp_path / f"{name}.py"
    path.write_text("")
    loaded = sys.modules.get(name)
    with pytest.raises(linbench.UsageError) as raised:
        load(str(path))
    assert str(raised.value) == (
        f"plugin '{path}' cannot be loaded: ImportError: '{name}' is the name of another module: rename the file"
    )
    assert sys.modules.get(name) is loaded


def test_a_file_may_have_a_name_that_no_import_could_have(tmp_path):
    path = tmp_path / "my-plugin.v2.py"
    path.write_text(SOURCE.replace('"{module}:Doubled"', "Doubled"))
    try:
        assert "doubled" in load(str(path)).catalog.names("optimizer")
    finally:
        del sys.modules["my-plugin.v2"]


def test_a_file_that_failed_leaves_no_module_behind(source):
    path = source("named_plugin", "raise RuntimeError('no luck')")
    with pytest.raises(linbench.UsageError):
        load(str(path))
    assert "named_plugin" not in sys.modules


def test_the_traceback_leads_to_the_line_that_failed(source):
    path = source("named_plugin", "\n\nraise RuntimeError('no luck')")
    with pytest.raises(linbench.UsageError) as raised:
        load(str(path))
    assert isinstance(raised.value.__cause__, RuntimeError)
