"""Which code a component runs, and on which files: parts of a case's key.

Records of other code are so never taken for this code's. Nothing is imported for it.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from linbench.core.request.content import content_digest
from linbench.core.request.distributions import UNKNOWN, package_source


def source_of(target: str | Callable[..., Any]) -> str | None:
    """Return what tells this code from other code of the same name; None for what comes with linbench or torch.

    `name version` for what an installed distribution provides. Where a distribution is editable, or there is none, the
    SHA-256 of the files of its package or module, and of those beside it that they import. A target given as an object
    adds the digest of its content: code, arguments of a partial, defaults, closure, the globals that it reads.
    Raises Unkeyable where that cannot be told.
    """
    if isinstance(target, str):
        return package_source(target.partition(":")[0].partition(".")[0]) or None
    own = getattr(target, "provenance", None)  # an object may say itself what it stands for
    if isinstance(own, str):
        return own
    inner = target.func if isinstance(target, functools.partial) else target
    package = str(getattr(inner, "__module__", type(inner).__module__)).partition(".")[0]
    parts = [package_source(package)]
    if parts[0] or package == "__main__" or isinstance(target, functools.partial) or not isinstance(target, type):
        parts.append(content_digest(target))
    return " ".join(part for part in parts if part and part != UNKNOWN) or None


def file_hashes(values: Iterable[object]) -> dict[str, str]:
    """Return the SHA-256 of every value that is the path of a file that can be read, by the path as it was given."""
    found = {}
    for value in values:
        if isinstance(value, str | Path) and str(value):
            try:
                with Path(value).open("rb") as file:
                    found[str(value)] = hashlib.file_digest(file, "sha256").hexdigest()
            except (OSError, ValueError):  # no file, or no path at all
                continue
    return found
