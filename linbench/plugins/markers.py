"""The decorators of linbench's hooks."""

from __future__ import annotations

import pluggy

PROJECT = "linbench"
"""The project name of pluggy, and the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
