"""Where the store is when nobody says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENT = "LINBENCH_STORE"
"""Environment variable: the path of the store; set and empty for none."""


def usual_place(environ: Mapping[str, str] = os.environ) -> Path | None:
    """What `LINBENCH_STORE` names, else `runs.sqlite` in the user's data directory; None where there is to be none."""
    named = environ.get(ENVIRONMENT)
    if named is not None:
        return Path(named).expanduser() if named else None
    from platformdirs import user_data_path  # here, since only this needs it

    return user_data_path("linbench") / "runs.sqlite"
