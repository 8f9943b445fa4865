"""The exit codes of the command line, in one place: CI and scripts hold on to the numbers."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """The end of a command, as the shell sees it. The numbers are a promise to users: add to them, change none."""

    DONE = 0
    """All was done as asked, and a gate found nothing that fails it."""
    FAILED = 1
    """A case ended in an error, a result could not be written or stored, or a gate found drift or a slower step."""
    USAGE = 2
    """The request has a mistake; click exits with this code too."""
    CANNOT_COMPARE = 3
    """A gate has nothing to compare with, or a case is new or gone."""
    CRASHED = 4
    """A run of a gate raised."""
    INCONCLUSIVE = 5
    """Nothing can be said of a step time, and `--strict-timing` asks for an answer."""
    INTERRUPTED = 130
    """Ctrl-C: 128 + SIGINT, as shells have it."""
