"""The output of a command: the reporter that `--format` names, and the file of `--output` or stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linbench.core.outcome.record import Record
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.choice import Choice
    from linbench.core.request.spec import Spec


def reporter(catalog: Catalog, text: str, show_all: bool) -> Choice:
    """Return the reporter that `--format` names; a table format of tabulate is the table in that style.

    Raises UsageError where there is no such reporter, or it cannot be imported.
    """
    from tabulate import tabulate_formats

    from linbench.core.errors import UsageError, one_line, unknown_name
    from linbench.core.request.choice import bind

    choices = list(bind(catalog, "reporter", _spec(catalog, text, show_all, tabulate_formats)))
    if len(choices) != 1:
        raise UsageError(f"a result has one format, not {len(choices)}")
    style = choices[0].params.get("style", "simple")
    if choices[0].component.name == "table" and style not in tabulate_formats:
        raise unknown_name("format", str(style), tabulate_formats)
    try:
        choices[0].component.resolve()
    except (Exception, SystemExit) as error:  # the import runs code that is not ours
        raise UsageError(f"cannot import reporter {choices[0].label!r}: {one_line(error)}") from error
    return choices[0]


def check(path: Path | None, option: str = "--output") -> None:
    """Raise click.BadParameter for a file whose folder is missing: before hours of training, not after."""
    if path is not None and not path.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {str(path.parent)!r}.", param_hint=f"'{option}'")


def build(choice: Choice, records: Sequence[Record], debug: bool) -> str | bytes | None:
    """Return the report of the records, or None, with a line on stderr, where the reporter fails."""
    from linbench.core.errors import LinbenchError, one_line

    try:
        report = choice.build(records)
        if not isinstance(report, str | bytes):
            raise TypeError(f"it returned a {type(report).__name__}, not a str or bytes")
    except (Exception, SystemExit) as error:  # third-party code; what was trained must not be lost with it
        if debug:
            import traceback  # here, since only failures need it

            traceback.print_exc()
        reason = str(error) if isinstance(error, LinbenchError) else one_line(error)
        click.echo(f"linbench: reporter {choice.label!r} failed: {reason}; the table goes to stdout", err=True)
        return None
    return report


def write(report: str | bytes, path: Path | None) -> bool:
    """Write to the file, else to stdout; returns False, with a line on stderr, where the file could not be written."""
    content = report if isinstance(report, bytes) else f"{report}\n".encode(errors="replace")
    if path is not None:
        try:
            path.write_bytes(content)
        except OSError as error:
            click.echo(f"linbench: cannot write {path}: {error.strerror}; the result goes to stdout", err=True)
        else:
            return True
    click.echo(content, nl=False)
    return path is None


def write_beside(report: str, path: Path) -> bool:
    """Write a second report, for which stdout is no place; returns False, with a line on stderr, where that fails."""
    try:
        path.write_text(f"{report}\n", encoding="utf-8")
    except OSError as error:
        click.echo(f"linbench: cannot write {path}: {error.strerror}", err=True)
        return False
    return True


def line_by_line(choice: Choice) -> bool:
    """Return whether a report is its records' reports one below the other, and can be written as they come."""
    return choice.component.name == "jsonl"


@contextlib.contextmanager
def lines(path: Path | None) -> Iterator[Callable[[str], object]]:
    """Yield a function that writes a line to the file, else to stdout; each line is written out at once."""
    if path is None:
        stdout = sys.stdout  # as it is now, whatever it is redirected to while cases run
        yield lambda line: click.echo(line, file=stdout)
        return
    try:
        file = path.open("w", encoding="utf-8", buffering=1)
    except OSError as error:
        raise click.BadParameter(f"cannot write {path}: {error.strerror}.", param_hint="'--output'") from None
    with file:
        yield lambda line: file.write(f"{line}\n")


def _width() -> int:
    """Return the terminal's width where the table goes to one, but never less than what is written to a pipe."""
    import shutil

    from linbench.results.table.render import WIDTH

    return max(WIDTH, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDTH


def _spec(catalog: Catalog, text: str, show_all: bool, styles: Sequence[str]) -> Spec:
    from linbench.core.errors import UsageError, unknown_name
    from linbench.core.request.spec import Spec, parse_specs

    specs = parse_specs(text)
    if len(specs) != 1:
        raise UsageError(f"a result has one format, not {len(specs)}")
    spec, known = specs[0], catalog.names("reporter")
    if spec.name in styles and spec.name not in known:
        spec = Spec("table", {"style": spec.name})
    elif spec.name not in known and "." not in spec.name:
        raise unknown_name("format", spec.name, [*known, *styles])
    if spec.name == "table":
        spec = Spec(spec.name, {"show_all": show_all, "width": _width(), **spec.params})
    return spec
