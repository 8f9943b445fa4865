"""Put off garbage collection while many small objects are made, none of which can be garbage yet."""

from __future__ import annotations

import contextlib
import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def defer_collection() -> Iterator[None]:
    """Turn cyclic collection off inside, and leave it as it was afterwards."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
