"""Which batches replays found to be separable, kept from one command to the next in the user's cache directory."""

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
from typing import TYPE_CHECKING, Any, final

import torch

from linbench.core.environment import version
from linbench.core.request.canonical import jsonable

if TYPE_CHECKING:
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case

FORMAT = 2
"""The scheme of fingerprints and of what is kept under them: a verdict of another one counts for nothing."""


@final
@dataclass(slots=True)
class SeparabilityCache:
    """Whether batches are separable, by fingerprint.

    folder: where that is kept, in one small file for each, so that processes cannot get in each other's way; None keeps
        it for this object's life only.
    """

    folder: Path | None
    _known: dict[str, bool] = field(default_factory=dict)

    def get(self, key: str) -> bool | None:
        """Return whether batches of that fingerprint are separable; None where nothing can be read about it."""
        if key not in self._known and self.folder is not None:
            with contextlib.suppress(OSError, ValueError):
                content = json.loads((self.folder / f"{key}.json").read_text())
                if isinstance(content, dict) and isinstance(content.get("separable"), bool):
                    self._known[key] = content["separable"]
        return self._known.get(key)

    def put(self, key: str, separable: bool) -> None:
        """Keep whether they are; a folder that cannot be written to is no reason to fail."""
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
    """Return this user's cache, in the directory that the system has for such things."""
    from platformdirs import user_cache_path

    return SeparabilityCache(user_cache_path("linbench") / "separable")


def fingerprint(cases: Sequence[Case], workbench: Workbench, *, captured: bool = False) -> str:
    """Return the SHA-256 of all that separability depends on: code, versions, sizes, epochs, the values of all lanes.

    The ranges of the values are not enough: an optimizer may take another branch for some within them.
    """
    first = cases[0]
    setup = workbench.setup(first)
    models = {case.model.component.identity: case.model.component for case in cases}
    content = {
        "format": FORMAT,
        "optimizer": _describe_code(first.optimizer.component.resolve()),
        "model": sorted(_describe_code(model.resolve()) for model in models.values()),
        "versions": [version(), torch.__version__, sys.version],
        "problem": setup.problem.fingerprint,
        "device": first.device.label,
        "captured": captured,
        "settings": repr(first.settings),
        "lanes": [[jsonable(case.optimizer.params), case.model.label, case.seed] for case in cases],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _describe_code(target: Any) -> str:
    """Return a target's name, the version of its distribution, and the hash of its module's text."""
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
