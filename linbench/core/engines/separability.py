"""What replays found out, kept from one command to the next in the user's cache directory."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import inspect
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.environment import version
from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

FORMAT = 1


@dataclass(slots=True)
class SeparabilityCache:
    """Verdicts by fingerprint: one small file each, so that processes cannot get in each other's way.

    folder: where they are kept; None keeps them for this object's life only.
    """

    folder: Path | None
    _known: dict[str, bool] = field(default_factory=dict)

    def get(self, key: str) -> bool | None:
        """The verdict, or None where there is none that can be read."""
        if key not in self._known and self.folder is not None:
            with contextlib.suppress(OSError, ValueError):
                content = json.loads((self.folder / f"{key}.json").read_text())
                if isinstance(content, dict) and isinstance(content.get("separable"), bool):
                    self._known[key] = content["separable"]
        return self._known.get(key)

    def put(self, key: str, separable: bool) -> None:
        """Keep a verdict; a folder that cannot be written to is no reason to fail."""
        self._known[key] = separable
        if self.folder is None:
            return
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            # Written whole under another name first: nobody ever reads half a file.
            with tempfile.NamedTemporaryFile("w", dir=self.folder, delete=False) as file:
                json.dump({"format": FORMAT, "separable": separable}, file)
            os.replace(file.name, self.folder / f"{key}.json")  # noqa: PTH105  atomic on every system


def user_cache() -> SeparabilityCache:
    """The verdicts of this user, in the cache directory that the system has for such things."""
    from platformdirs import user_cache_path

    return SeparabilityCache(user_cache_path("linbench") / "separable")


def fingerprint(cases: Sequence[Case], workbench: Workbench, *, captured: bool = False) -> str:
    """SHA-256 of everything that a verdict depends on: code, versions, sizes, epochs, and the range of every number."""
    first = cases[0]
    setup = workbench.setup(first)
    content = {
        "format": FORMAT,
        "optimizer": _code(first.optimizer.component.resolve()),
        "model": sorted({_code(case.model.component.resolve()) for case in cases}),
        "versions": [version(), torch.__version__, sys.version],
        "problem": setup.problem.fingerprint,
        "device": first.device.label,
        "captured": captured,
        "settings": repr(first.settings),
        "params": _ranges(cases),
        "seeds": sorted({case.seed for case in cases})[:: max(1, len(cases) - 1)],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _code(target: Any) -> str:
    """Where a target comes from, the version of its distribution, and the text of its module."""
    module = sys.modules.get(getattr(target, "__module__", ""))
    name = f"{getattr(target, '__module__', '')}:{getattr(target, '__qualname__', repr(type(target)))}"
    package = name.partition(".")[0].partition(":")[0]
    versions = [metadata.version(dist) for dist in _distributions().get(package, [])]
    try:
        source = inspect.getsource(module if module is not None else target)
    except (OSError, TypeError):
        source = ""
    return f"{name} {versions} {hashlib.sha256(source.encode()).hexdigest()}"


@functools.cache
def _distributions() -> Mapping[str, Sequence[str]]:
    return metadata.packages_distributions()


def _ranges(cases: Sequence[Case]) -> dict[str, Any]:
    names = cases[0].optimizer.params
    return {name: _range([case.optimizer.params[name] for case in cases]) for name in names}


def _range(values: Sequence[Any]) -> Any:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        return [min(numbers), max(numbers)]
    return sorted({json.dumps(jsonable(value)) for value in values})
