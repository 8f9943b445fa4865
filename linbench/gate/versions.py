"""The versions a case was run with: of torch, of linbench, and of the distributions its components come from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from linbench.core.request.provenance import UNKNOWN, VERSIONED, version_of

if TYPE_CHECKING:
    from linbench.core.request.case import Case

_DISTRIBUTION = re.compile(r"(?:^|\s)([A-Za-z0-9][\w.-]*) (\d[\w.!+-]*)(?=\s|$)")


def versions_of(case: Case) -> dict[str, str]:
    """Return versions by the name of the distribution, sorted."""
    sources = [choice.source or "" for choice in (case.problem, case.model, case.optimizer)]
    found = {name: version for source in sources for name, version in _DISTRIBUTION.findall(source) if name != UNKNOWN}
    return dict(sorted((found | {name: version_of(name) for name in VERSIONED}).items()))
