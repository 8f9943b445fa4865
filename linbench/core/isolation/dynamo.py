"""Keep torch's compiler from being imported by a process that never compiles.

The first optimizer that torch constructs, and every `step`, import `torch._dynamo` (1.4 s, where torch itself takes
1.2) only to look up `disable` and `graph_break`, which do nothing outside of a compilation. `avoid_import` puts a
stand-in in its place that answers torch about those two; asked for anything else, or by anybody else, it hands over
to the real module for good.

No switch of torch leaves the import out: `torch/_compile.py` has it inside the function that every optimizer calls.
tests/core/isolation/test_dynamo.py holds the stand-in to what the real module would have answered.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, final

_NAME = "torch._dynamo"
_TORCH_COMPILE = "torch._compile"


def avoid_import() -> None:
    """Put the stand-in in place, unless the real module is loaded already. For processes that linbench owns."""
    if _NAME in sys.modules:
        return
    import torch

    stand_in = _StandIn(_NAME)
    stand_in.__spec__ = importlib.util.find_spec(_NAME)
    sys.modules[_NAME] = stand_in
    setattr(torch, "_dynamo", stand_in)  # noqa: B010  mypy takes the plain assignment for a type error


@final
class _StandIn(ModuleType):
    def __init__(self, name: str) -> None:
        super().__init__(name, "Stands in for torch._dynamo until something needs the real one.")
        self._answered: list[Callable[..., Any]] = []

    @staticmethod
    def graph_break(msg: str = "") -> None:
        """Do nothing: outside of a compilation there is no graph to break."""

    def disable(self, fn: Callable[..., Any] | None = None, recursive: bool = True, **options: Any) -> Any:
        """Return the function itself: without a compiler there is nothing to keep out."""
        # Only torch can be made to ask again at the hand-over; what anybody else keeps must be the real answer.
        if fn is None or sys._getframe(1).f_globals.get("__name__") != _TORCH_COMPILE:
            return hand_over(self).disable(fn, recursive, **options)
        self._answered.append(fn)
        return fn

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":  # what inspect and the like probe for
            raise AttributeError(name)
        value = getattr(hand_over(self), name)
        if name == "__path__":  # asked for by the import system, for `import torch._dynamo.anything`
            sys.meta_path.insert(0, _LoadedSubmodule())
        return value


def hand_over(stand_in: _StandIn) -> ModuleType:
    """Import the real module, put it in place everywhere, and forget what was answered in its name."""
    if sys.modules.get(_NAME) is stand_in:
        del sys.modules[_NAME]
        # torch keeps the first answer of `disable` as an attribute of the function (`_disable_dynamo` in
        # torch/_compile.py): without it, torch asks again.
        for fn in stand_in._answered:
            fn.__dict__.pop("__dynamo_disable", None)
        importlib.import_module(_NAME)  # which also makes it torch's attribute
    return sys.modules[_NAME]


@final
class _LoadedSubmodule(importlib.abc.MetaPathFinder):
    """Finds a submodule that handing over has loaded while the import system was about to load it.

    Without it the submodule would be loaded once more, and two copies of `torch._dynamo.config` disagree.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        # A new list, since the import system is going through the old one just now.
        sys.meta_path = [finder for finder in sys.meta_path if finder is not self]
        loaded = sys.modules.get(fullname)
        if loaded is None or target is not None or not fullname.startswith(f"{_NAME}."):
            return None
        return importlib.machinery.ModuleSpec(fullname, _AlreadyLoaded(loaded))


@final
class _AlreadyLoaded(importlib.abc.Loader):
    def __init__(self, module: ModuleType) -> None:
        self._module, self._spec = module, module.__spec__

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return self._module

    def exec_module(self, module: ModuleType) -> None:
        # The import system has just overwritten it. Not put back by assignment: torch's config modules check each name
        # that is assigned to them, and refuse this one.
        module.__dict__["__spec__"] = self._spec
