"""The file descriptor of stdout, kept for results: all else that a process writes there goes to stderr."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator

_STDOUT, _STDERR = 1, 2


@contextlib.contextmanager
def keep_stdout_for_results() -> Iterator[None]:
    """Lead the file descriptor 1 to stderr while the context lasts; `sys.stdout` alone leads to the real stdout.

    So a plugin's C code and the programs that it starts cannot end up in a result. Nothing is done where `sys.stdout`
    is not that descriptor (a test captures it, a console of Windows).
    """
    original = sys.stdout
    if sys.platform == "win32" or not isinstance(original, io.TextIOWrapper) or not _is_stdout(original):
        yield
        return
    import fcntl  # not on Windows

    original.flush()
    real = fcntl.fcntl(_STDOUT, fcntl.F_DUPFD_CLOEXEC, _STDERR + 1)  # `dup` would take a closed stderr's place
    _lead_to_stderr()
    results = os.fdopen(real, "w", encoding=original.encoding, errors=original.errors, closefd=False)
    if original.line_buffering:
        results.reconfigure(line_buffering=True)
    sys.stdout = results
    try:
        yield
    finally:
        sys.stdout = original
        with contextlib.suppress(OSError, ValueError):
            original.flush()  # what was written past `sys.stdout`, while this still leads to stderr
        os.dup2(real, _STDOUT)
        _close(results, real)


def _is_stdout(stream: io.TextIOWrapper) -> bool:
    try:
        return stream.fileno() == _STDOUT
    except (OSError, ValueError):
        return False


def _lead_to_stderr() -> None:
    try:
        os.dup2(_STDERR, _STDOUT)
    except OSError:  # stderr is closed
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, _STDOUT)
        os.close(nowhere)


def _close(results: io.TextIOWrapper, real: int) -> None:
    try:
        results.close()
    except OSError:  # nobody reads on: what is left of it has nowhere to go
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, real)
        os.close(nowhere)
        with contextlib.suppress(OSError):
            results.close()
    os.close(real)
