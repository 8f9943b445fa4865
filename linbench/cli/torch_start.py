"""The start of torch for a command: no compiler that nothing needs, no warning that no user can act on."""

from __future__ import annotations

import warnings


def start_torch() -> None:
    """Import torch; to be called before the first module that needs it."""
    # numpy is optional, for torch as for linbench; torch says so once when it is missing.
    warnings.filterwarnings("ignore", message="Failed to initialize NumPy", category=UserWarning)

    from linbench.core.isolation.dynamo import avoid_import

    avoid_import()
