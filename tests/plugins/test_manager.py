"""Loading plugins: the built-in ones first, then the installed ones by name, each so that it can fail alone."""

import os

import pytest

from linbench import UsageError
from linbench.plugins.manager import ALLOW_LIST, BUILT_IN, load_plugins

GOOD = """
@hookimpl
def linbench_models():
    return [Component("model", "{name}", "nowhere:model")]
"""


@pytest.fixture
def loaded(install):
    """Install plugins and load everything that is installed; returns the state of those by name."""

    def run(sources, environ=None):
        install(sources)
        plugins = load_plugins(environ=environ or {})
        names = {entry.partition(":")[0] for entry in sources}
        return plugins, {status.name: status for status in plugins.statuses if status.name in names}

    return run


def test_built_ins_come_first_and_installed_ones_follow_by_name(loaded):
    plugins, _ = loaded({name: GOOD.format(name=name) for name in ("zeta", "alpha", "mid")})
    names = [status.name for status in plugins.statuses]
    assert names[: len(BUILT_IN)] == [f"linbench.{name}" for name in BUILT_IN]
    assert [name for name in names if name in ("alpha", "mid", "zeta")] == ["alpha", "mid", "zeta"]
    models = plugins.catalog.names("model")
    assert models[:2] == ["manual", "linear"]
    assert [name for name in models if name in ("alpha", "mid", "zeta")] == ["alpha", "mid", "zeta"]


def test_the_built_in_plugins_all_load_and_know_that_they_are():
    plugins = load_plugins(environ={ALLOW_LIST: ""})
    assert [(s.state, s.built_in, s.version) for s in plugins.statuses if s.state != "blocked"] == [
        ("loaded", True, None)
    ] * len(BUILT_IN)
    providers = {offer.provider for offer in plugins.catalog.offers if offer.built_in}
    assert providers | {"linbench.packs"} == {f"linbench.{name}" for name in BUILT_IN}  # packs: of what is installed
    assert sum(s.components for s in plugins.statuses) == len(plugins.catalog.offers)


def test_a_good_plugin_says_its_version_and_how_many_components_it_has(loaded):
    _, states = loaded({"good": GOOD.format(name="tiny")})
    good = states["good"]
    assert (good.state, good.version, good.components, good.built_in) == ("loaded", "1.0", 1, False)
    assert (good.reason, good.traceback) == (None, None)


def test_the_manager_is_made_anew_each_time(loaded):
    before = load_plugins(environ={ALLOW_LIST: ""}).catalog.names("model")
    plugins, _ = loaded({"good": GOOD.format(name="tiny")})
    assert "tiny" in plugins.catalog.names("model")
    assert load_plugins(environ={ALLOW_LIST: ""}).catalog.names("model") == before


HOOK = "@hookimpl\ndef linbench_{kind}s(): {body}\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no"),
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("this is no Python", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        (
            "@hookimpl\ndef linbench_optimisers(): return []",
            "PluginValidationError: unknown hook 'linbench_optimisers'",
        ),
        ("@hookimpl\ndef linbench_models(config): return []", "PluginValidationError: Plugin 'bad' for hook"),
        (HOOK.format(kind="model", body="raise OSError('gone')"), "OSError: gone"),
        (HOOK.format(kind="model", body="raise SystemExit"), "SystemExit"),
        (
            HOOK.format(kind="model", body="return 'manual'"),
            "linbench_models must return a list of components, not str",
        ),
        (
            HOOK.format(kind="model", body="return Component('model', 'm', 'a:b')"),
            "linbench_models must return a list of components, not Component",
        ),
        (HOOK.format(kind="model", body="return 3"), "linbench_models must return a list of components, not int"),
        (
            HOOK.format(kind="model", body="return {'tiny': 'a:b'}"),
            "linbench_models offers a str, not a linbench.Component",
        ),
        (
            HOOK.format(kind="model", body="return ['tiny', 'small']"),
            "linbench_models offers a str, not a linbench.Component",
        ),
        (
            HOOK.format(kind="model", body="return [Component('optimizer', 'm', 'a:b')]"),
            "linbench_models offers 'm', which is of kind 'optimizer'",
        ),
        (
            HOOK.format(kind="model", body="return [Component('model', 'a b', 'a:b')]"),
            "model name 'a b' is not a plain word",
        ),
        (
            HOOK.format(kind="model", body="return [Component('model', 'm', 'a.b')]"),
            "model 'm': target 'a.b' is neither 'package.module:attribute' nor callable",
        ),
        (
            HOOK.format(kind="model", body="return [Component('model', 'm', 'a:b'), Component('model', 'm', 'a:c')]"),
            "it offers model 'm' twice",
        ),
        (
            HOOK.format(kind="model", body="yield Component('model', 'm', 'a:b'); raise OSError('late')"),
            "OSError: late",
        ),
    ],
)
def test_a_broken_plugin_fails_alone_and_says_why(loaded, source, reason):
    plugins, states = loaded({"bad": source, "good": GOOD.format(name="tiny")})
    bad = states["bad"]
    assert (bad.state, bad.version, bad.components) == ("failed", "1.0", 0)
    assert bad.reason.startswith(reason)
    assert "\n" not in bad.reason
    assert bad.traceback.startswith("Traceback (most recent call last):")
    assert states["good"].state == "loaded"
    assert "tiny" in plugins.catalog.names("model")
    assert "bad" not in {offer.provider for offer in plugins.catalog.offers}
    assert bad in plugins.failed


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "offers nothing: it has no linbench hook marked with @linbench.hookimpl"),
        (
            "def linbench_models(): return [Component('model', 'm', 'a:b')]",
            "offers nothing: it has no linbench hook marked with @linbench.hookimpl",
        ),
        (HOOK.format(kind="model", body="return []"), "offers nothing: its hooks return no component"),
        (HOOK.format(kind="model", body="return None"), "offers nothing: its hooks return no component"),
    ],
)
def test_a_plugin_that_offers_nothing_says_why(loaded, source, reason):
    _, states = loaded({"empty": source})
    assert (states["empty"].state, states["empty"].components, states["empty"].reason) == ("loaded", 0, reason)


CLASS = """
class Plugin:
    {before}
    @hookimpl
    def linbench_models(self):
        return (Component("model", name, "a:b") for name in ("one", "two"))

plugin = Plugin()
"""


@pytest.mark.parametrize("attribute", ["Plugin", "plugin"])
def test_a_class_or_an_object_can_be_a_plugin(loaded, attribute):
    plugins, states = loaded({f"good:{attribute}": CLASS.format(before="")})
    assert (states["good"].state, states["good"].components) == ("loaded", 2)
    assert plugins.catalog.names("model")[-2:] == ["one", "two"]


def test_a_class_that_cannot_be_made_fails(loaded):
    _, states = loaded(
        {"bad:Plugin": CLASS.format(before="def __init__(self, path): pass").replace("Plugin()", "None")}
    )
    assert states["bad"].reason.startswith("TypeError: Plugin.__init__() missing 1 required positional argument")


def test_an_entry_point_that_is_not_there_fails(loaded):
    _, states = loaded({"bad:Missing": ""})
    assert states["bad"].reason == "AttributeError: module 'bad_module' has no attribute 'Missing'"


def test_of_two_distributions_with_one_plugin_name_the_second_fails(install):
    folder = install({"twin": GOOD.format(name="tiny"), "other": GOOD.format(name="small")})
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_text("[linbench]\ntwin = other_module\n")
    plugins = load_plugins(environ={})
    twins = [(s.state, s.components, s.reason) for s in plugins.statuses if s.name == "twin"]
    assert twins == [("loaded", 1, None), ("failed", 0, "another plugin has the same name")]
    assert [offer.component.name for offer in plugins.catalog.offers if offer.provider == "twin"] == ["small"]


def test_what_a_broken_uninstall_leaves_behind_fails_alone(install):
    folder = install({"good": GOOD.format(name="tiny")})
    info = folder / "gone-1.0.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_text("[linbench]\ngone = gone_module\n")
    states = {s.name: (s.state, s.version, s.reason) for s in load_plugins(environ={}).statuses}
    assert states["gone"] == ("failed", None, "ModuleNotFoundError: No module named 'gone_module'")
    assert states["good"][0] == "loaded"
    assert {s.name: s.state for s in load_plugins(environ={ALLOW_LIST: ""}).statuses}["gone"] == "blocked"


def test_a_version_that_cannot_be_read_is_left_out(loaded, monkeypatch):
    def missing(_):
        raise KeyError("Version")

    monkeypatch.setattr("importlib.metadata.Distribution.version", property(missing))
    _, states = loaded({"good": GOOD.format(name="tiny")})
    assert (states["good"].state, states["good"].version) == ("loaded", None)


@pytest.mark.parametrize(("other", "owner"), [("tiny", "'one'"), ("manual", "'linbench.models'")])
def test_two_plugins_that_claim_one_name_are_an_error_that_names_both(loaded, other, owner):
    with pytest.raises(UsageError) as raised:
        loaded({"one": GOOD.format(name="tiny"), "two": GOOD.format(name=other)})
    assert str(raised.value) == (
        f"model '{other}' is claimed by two plugins: {owner} and 'two'; leave one out with LINBENCH_PLUGINS"
    )


def test_one_name_may_be_taken_in_two_kinds(loaded):
    source = "@hookimpl\ndef linbench_problems(): return [Component('problem', 'linear', 'a:b')]"
    plugins, states = loaded({"good": source})
    assert states["good"].state == "loaded"
    assert "linear" in plugins.catalog.names("problem")


@pytest.mark.parametrize(
    ("allowed", "expected"),
    [
        (None, {"one": "loaded", "two": "loaded"}),
        ("", {"one": "blocked", "two": "blocked"}),
        ("two", {"one": "blocked", "two": "loaded"}),
        (" two , one ", {"one": "loaded", "two": "loaded"}),
        ("another", {"one": "blocked", "two": "blocked"}),
    ],
)
def test_the_allow_list_says_which_installed_plugins_are_imported(loaded, allowed, expected):
    note = "import os; os.environ['IMPORTED'] = os.environ.get('IMPORTED', '') + __name__ + ' '\n"
    os.environ.pop("IMPORTED", None)
    try:
        environ = {} if allowed is None else {ALLOW_LIST: allowed}
        _, states = loaded({name: note + GOOD.format(name=name) for name in ("one", "two")}, environ)
        imported = os.environ.get("IMPORTED", "").split()
    finally:
        os.environ.pop("IMPORTED", None)
    assert {name: status.state for name, status in states.items()} == expected
    assert imported == [f"{name}_module" for name, state in expected.items() if state == "loaded"]
    blocked = [status for status in states.values() if status.state == "blocked"]
    assert {(s.reason, s.version, s.components) for s in blocked} <= {("not in LINBENCH_PLUGINS", "1.0", 0)}


def test_the_allow_list_resolves_a_claim_of_two(loaded):
    sources = {"one": GOOD.format(name="tiny"), "two": GOOD.format(name="tiny")}
    plugins, _ = loaded(sources, {ALLOW_LIST: "two"})
    assert [offer.provider for offer in plugins.catalog.of_kind("model") if offer.component.name == "tiny"] == ["two"]
