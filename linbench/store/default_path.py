"""The path of the store where a command names none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT = "LINBENCH_STORE"
"""The environment variable that holds the path of the store; set and empty for none."""


def default_path(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the path in `LINBENCH_STORE`, else `runs.sqlite` in the user's data directory.

    None where the variable is set and empty.
    """
    path = environ.get(ENVIRONMENT)
    if path is not None:
        return Path(path).expanduser() if path else None
    from platformdirs import user_data_path  # here, since only this needs it

    return user_data_path("linbench") / "runs.sqlite"
