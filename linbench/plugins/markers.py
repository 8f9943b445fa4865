"""The decorators of linbench's hooks."""

from __future__ import annotations

import pluggy

PROJECT = "linbench"
"""The pluggy project name and the entry-point group."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
