"""The loading of plugins: built-ins first, then installed ones by name, each so that it can fail alone."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import pluggy

from linbench.core.errors import ComponentError, UsageError, one_line
from linbench.core.isolation.process_state import restore_process_state
from linbench.core.request.catalog import Catalog, Offer
from linbench.core.request.component import KINDS, Component, Kind
from linbench.plugins import hookspecs
from linbench.plugins.markers import PROJECT

ALLOW_LIST = "LINBENCH_PLUGINS"
"""The environment variable with the names of the installed plugins to load, separated by commas; empty for none."""

BUILT_IN = ("optimizers", "models", "devices", "problems", "reporters", "packs")

_BUILT_IN_NAMES = frozenset(f"linbench.{name}" for name in BUILT_IN)

PluginState = Literal["loaded", "failed", "blocked"]


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """One plugin with its state. version, reason and traceback are None where there is none.

    components: the number that it offers. built_in: whether it comes with linbench.
    """

    name: str
    state: PluginState
    version: str | None = None
    reason: str | None = None
    traceback: str | None = field(default=None, repr=False)
    components: int = 0
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Plugins:
    """The loaded plugins: the catalog of their components, and every plugin with its state."""

    catalog: Catalog
    statuses: tuple[PluginStatus, ...]

    @property
    def failed(self) -> tuple[PluginStatus, ...]:
        """The plugins that could not be used."""
        return tuple(status for status in self.statuses if status.state == "failed")


def load_plugins(extra: Iterable[str] = (), environ: Mapping[str, str] = os.environ) -> Plugins:
    """Load built-ins, installed plugins in the order of their names, and `extra` (files or module names).

    A plugin that fails is a status, and everything else works. Raises UsageError where an `extra` one fails, since
    the user named it, and where two plugins claim one name.
    """
    loader = _Loader()
    for name in BUILT_IN:
        loader.add(f"linbench.{name}", importlib.import_module(f"linbench.plugins.builtin.{name}"), version=None)
    allowed = _allow_list(environ)
    for entry_point in sorted(metadata.entry_points(group=PROJECT), key=lambda entry: (entry.name, entry.value)):
        if allowed is not None and entry_point.name not in allowed:
            loader.statuses.append(
                PluginStatus(entry_point.name, "blocked", _version(entry_point), f"not in {ALLOW_LIST}")
            )
        else:
            loader.add_entry_point(entry_point)
    for source in extra:
        loader.add_named(source)
    return Plugins(Catalog(loader.offers), tuple(loader.statuses))


class _Loader:
    """The loader of plugins, one by one, so that a broken one harms no other."""

    def __init__(self) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self.offers: list[Offer] = []
        self.statuses: list[PluginStatus] = []

    def add_entry_point(self, entry_point: metadata.EntryPoint) -> None:
        try:
            with _guard_third_party():
                plugin = entry_point.load()
        except _Failure as failure:
            self._add_failure(entry_point.name, _version(entry_point), failure.error)
            return
        self.add(entry_point.name, plugin, _version(entry_point))

    def add_named(self, source: str) -> None:
        try:
            with _guard_third_party():
                plugin = _module_from_file(Path(source)) if _is_file(source) else importlib.import_module(source)
        except _Failure as failure:
            raise UsageError(f"plugin {source!r} cannot be loaded: {one_line(failure.error)}") from failure.error
        self.add(source, plugin, version=None)
        status = self.statuses[-1]
        if status.state == "failed":
            raise UsageError(f"plugin {source!r} cannot be used: {status.reason}")

    def add(self, name: str, plugin: Any, version: str | None) -> None:
        built_in = name in _BUILT_IN_NAMES
        try:
            with _guard_third_party():
                if self.manager.has_plugin(name):
                    raise ComponentError("another plugin has the same name")
                if inspect.isclass(plugin):
                    plugin = plugin()
                self.manager.register(plugin, name)
                self.manager.check_pending()
                offers = [Offer(component, name, built_in) for component in self._components_of(plugin)]
                _refuse_repeated(offers)
        except _Failure as failure:
            self._add_failure(name, version, failure.error)
            if self.manager.get_plugin(name) is plugin:  # not another one that had the name first
                self.manager.unregister(plugin)
            return
        self._refuse_taken(offers)
        self.offers += offers
        reason = None if offers or built_in else self._reason_for_nothing(plugin)
        self.statuses.append(PluginStatus(name, "loaded", version, reason, components=len(offers), built_in=built_in))

    def _components_of(self, plugin: Any) -> Iterator[Component]:
        others = [other for other in self.manager.get_plugins() if other is not plugin]
        for kind in KINDS:
            hook_name = f"linbench_{kind}s"
            caller = self.manager.subset_hook_caller(hook_name, remove_plugins=others)
            for offered in caller():
                yield from _check_components(hook_name, kind, offered)

    def _reason_for_nothing(self, plugin: Any) -> str:
        if self.manager.get_hookcallers(plugin):
            return "offers nothing: its hooks return no component"
        return "offers nothing: it has no linbench hook marked with @linbench.hookimpl"

    def _refuse_taken(self, offers: Sequence[Offer]) -> None:
        owners = {(offer.component.kind, offer.component.name): offer.provider for offer in self.offers}
        for offer in offers:
            claim = (offer.component.kind, offer.component.name)
            if claim in owners:
                raise UsageError(
                    f"{claim[0]} {claim[1]!r} is claimed by two plugins: {owners[claim]!r} and {offer.provider!r}; "
                    f"leave one out with {ALLOW_LIST}"
                )

    def _add_failure(self, name: str, version: str | None, error: BaseException) -> None:
        import traceback  # here, since only failures need it

        reason = str(error) if isinstance(error, ComponentError) else one_line(error)
        trace = "".join(traceback.format_exception(error))
        self.statuses.append(PluginStatus(name, "failed", version, reason, trace))


class _Failure(Exception):  # noqa: N818  carries the error, which may be no Exception
    def __init__(self, error: BaseException) -> None:
        self.error = error


@contextlib.contextmanager
def _guard_third_party() -> Iterator[None]:
    """Undo a plugin's changes to the process afterwards. Raises _Failure for all errors but Ctrl-C.

    A plugin may raise anything: a script without a main guard exits when it is imported, Rust's panics are no
    Exception.
    """
    try:
        with restore_process_state():
            yield
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _Failure(error) from error


def _check_components(hook_name: str, kind: Kind, offered: Any) -> Iterator[Component]:
    if isinstance(offered, str | Component) or not isinstance(offered, Iterable):
        raise ComponentError(f"{hook_name} must return a list of components, not {type(offered).__name__}")
    for component in offered:
        if not isinstance(component, Component):
            raise ComponentError(f"{hook_name} offers a {type(component).__name__}, not a linbench.Component")
        if component.kind != kind:
            raise ComponentError(f"{hook_name} offers {component.name!r}, which is of kind {component.kind!r}")
        yield component


def _refuse_repeated(offers: Iterable[Offer]) -> None:
    known: set[tuple[Kind, str]] = set()
    for offer in offers:
        claim = (offer.component.kind, offer.component.name)
        if claim in known:
            raise ComponentError(f"it offers {claim[0]} {claim[1]!r} twice")
        known.add(claim)


def _allow_list(environ: Mapping[str, str]) -> frozenset[str] | None:
    text = environ.get(ALLOW_LIST)
    return None if text is None else frozenset(name.strip() for name in text.split(","))


def _version(entry_point: metadata.EntryPoint) -> str | None:
    try:
        return entry_point.dist.version if entry_point.dist else None
    except Exception:  # entry points without metadata are what a broken uninstall leaves behind
        return None


def _is_file(source: str) -> bool:
    return source.endswith(".py") or os.sep in source


def _module_from_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    name = path.stem
    other = _module_path(name)
    if other is not None and other.resolve() != path.resolve():
        raise ImportError(f"{name!r} is the name of another module: rename the file")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that targets given as text, "my_opt:MyOpt", find it
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _module_path(name: str) -> Path | None:
    """Return the file of a module of that name, loaded or not; None where there is none."""
    if name in sys.modules:
        return Path(getattr(sys.modules[name], "__file__", None) or name)
    spec = importlib.util.find_spec(name) if name.isidentifier() else None
    return None if spec is None or spec.origin is None else Path(spec.origin)
