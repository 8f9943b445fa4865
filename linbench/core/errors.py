"""Errors written for the person who made the mistake: one lower-case line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class LinbenchError(Exception):
    """Base of everything that linbench raises on purpose; its text is one line fit to show a user."""


class UsageError(LinbenchError):
    """The request cannot be carried out as written (command line: exit code 2)."""


class ProblemError(UsageError):
    """The data of a problem cannot be used: a missing file or column, text, NaN, too few rows."""


class StoreError(UsageError):
    """A store cannot be used: it cannot be written, is damaged, is something else, or holds no such run."""


class ComponentError(LinbenchError):
    """A plugin offers something that is not a well-formed component."""


class Unsuitable(LinbenchError):  # noqa: N818  not an error: its cases are skipped
    """An optimizer, a model and a problem that do not go together; its cases are skipped."""


def unknown_name(what: str, name: str, known: Iterable[str], of: str = "") -> UsageError:
    """Return an error that names the closest known one: `unknown optimizer 'adm': did you mean 'adam'?`.

    of: what it is unknown to, where that needs saying.
    """
    import difflib  # here, since only mistakes need it

    known = sorted(known)
    close = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.5)
    where = f" of {of}" if of else ""
    if close:
        return UsageError(f"unknown {what} {name!r}{where}: did you mean {close[0]!r}?")
    return UsageError(f"unknown {what} {name!r}{where}: known are {', '.join(known) if known else 'none'}")


def one_line(error: BaseException) -> str:
    """Return `Type: message` of an exception, with the message's first line only."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
