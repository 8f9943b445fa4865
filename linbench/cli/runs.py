"""`linbench runs`: the runs in the store."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from linbench.cli import output
from linbench.cli.columns import columns
from linbench.cli.options import debug_option
from linbench.cli.store_options import existing_store, store_option
from linbench.core.criteria import RULES
from linbench.core.plural import plural

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.store.difference import Difference
    from linbench.store.run_list import Run

FORMATS = ("json", "jsonl", "csv", "parquet")
SHOWN = 20
"""Lines of a kind that `diff` shows unless all are asked for."""

NAMES_WIDTH = 32
"""Characters of a column of names in `list`."""


@click.group("runs", no_args_is_help=True)
def command() -> None:
    """Stored runs: list, show, diff, export, import, delete, prune.

    RUN is a run's number, or `last`, `last-1`, … Every command that trains stores its records as they are made.
    """


@command.command("list")
@click.option("-n", "--number", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.")
@click.option("--all", "show_all", is_flag=True, help="All of them.")
@store_option
@debug_option
def list_runs(number: int, show_all: bool, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """The runs, newest first."""
    runs = existing_store(store).runs()
    if not runs:
        click.echo("no runs")
        return
    shown = runs if show_all else runs[:number]
    headers = ("run", "started (UTC)", "records", "errors", "ended", "problems", "optimizers", "linbench", "torch")
    click.echo(columns(headers, [_cells(run) for run in shown], right=("run", "records", "errors")))
    if len(shown) < len(runs):
        click.echo(f"\n{_count(len(runs) - len(shown), 'older run')} not shown: --all shows all")


def _cells(run: Run) -> Sequence[object]:
    return (
        run.id,
        _start(run),
        f"{run.records:,}",
        run.errors or "",
        run.outcome or "unfinished",
        _first_names(run.problems),
        _first_names(run.optimizers),
        run.linbench,
        run.torch,
    )


def _first_names(names: Sequence[str]) -> str:
    """Return as many names as fit their column, one at least, and the number of the others."""
    shown = 1
    while shown < len(names) and len(", ".join(names[: shown + 1])) <= NAMES_WIDTH:
        shown += 1
    text = ", ".join(names[:shown])
    if len(text) > NAMES_WIDTH:
        text = f"{text[: NAMES_WIDTH - 1]}…"
    return text if shown >= len(names) else f"{text} +{len(names) - shown}"


@command.command("show")
@click.argument("run", default="last")
@click.option("--all", "show_all", is_flag=True, help="Every row of a large sweep.")
@store_option
@debug_option
def show(run: str, show_all: bool, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """The table of RUN (the last one unless told otherwise), under how it was made."""
    from linbench.results.table.render import render

    opened = existing_store(store)
    stored_run = opened.run(run)
    outcome = stored_run.outcome or "unfinished"
    click.echo(f"run {stored_run.id} · {_start(stored_run)} UTC · {outcome} · {_record_counts(stored_run)}")
    if stored_run.command:
        click.echo(shlex.join(stored_run.command))
    facts = [f"linbench {stored_run.linbench}", f"torch {stored_run.torch}", *_machine_facts(stored_run)]
    click.echo(" · ".join(facts))
    records = list(opened.records(stored_run))
    for line in _older_rules(records):
        click.echo(line)
    click.echo()
    click.echo(render(records, show_all=show_all))


def _older_rules(records: Sequence[Record]) -> Iterator[str]:
    """Yield a line where records are of older rules than this linbench's."""
    older = [record.rules for record in records if record.rules < RULES]
    if older:
        which = "its records are" if len(older) == len(records) else f"{len(older):,} of its records are"
        yield f"{which} of rules {_numbers(set(older))}: they are shown, and not resumed"


def _numbers(rules: Collection[int]) -> str:
    return ", ".join(map(str, sorted(rules)))


def _machine_facts(run: Run) -> Iterator[str]:
    for name in ("cpu", "platform"):
        if run.environment.get(name):
            yield str(run.environment[name])
    if run.environment.get("git"):
        yield f"commit {str(run.environment['git'])[:12]}"


@command.command("diff")
@click.argument("before")
@click.argument("after", default="last")
@click.option("--all", "show_all", is_flag=True, help=f"Every case, not {SHOWN} of a kind.")
@store_option
@debug_option
def diff(before: str, after: str, show_all: bool, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """What changed from run BEFORE to run AFTER: versions, cases, statuses, epochs, costs."""
    from linbench.store.difference import difference

    opened = existing_store(store)
    old, new = opened.run(before), opened.run(after)
    change = difference(old, new, opened.records(old), opened.records(new))
    for line in _difference_lines(change, old, new, None if show_all else SHOWN):
        click.echo(line)


def _difference_lines(difference: Difference, old: Run, new: Run, most: int | None) -> Iterator[str]:
    before = f"run {old.id} ({_start(old)}, {_record_counts(old)})"
    yield f"{before} → run {new.id} ({_start(new)}, {_record_counts(new)})"
    yield from _rules_change(difference)
    changes = [f"{change.case}: {'; '.join(change.what)}" for change in difference.changes]
    yield from _section("environment", difference.environment, None)
    yield from _section(f"only in run {old.id}", difference.only_before, most)
    yield from _section(f"only in run {new.id}", difference.only_after, most)
    yield from _section("changed", changes, most)
    yield ""
    yield f"{len(changes):,} of {difference.same + len(changes):,} common cases changed beyond rounding"


def _rules_change(difference: Difference) -> Iterator[str]:
    """Yield a line where the runs are of different rules."""
    before, after = difference.rules_before, difference.rules_after
    if before and after and before != after:
        yield f"rules {_numbers(before)} → {_numbers(after)}: statuses, epochs and default lrs may differ by them alone"


def _section(title: str, lines: Sequence[str], most: int | None) -> Iterator[str]:
    if not lines:
        return
    yield ""
    yield f"{title}: {len(lines):,}"
    for line in lines[:most]:
        yield f"  {line}"
    if most is not None and len(lines) > most:
        yield f"  … and {len(lines) - most:,} more: --all shows them"


@command.command("export")
@click.argument("run", default="last")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="json", show_default=True)
@click.option("--output", "path", type=click.Path(dir_okay=False, writable=True, path_type=Path), help="To this file.")
@store_option
@debug_option
def export(run: str, format_: str, path: Path | None, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """The records of RUN for other programs, as `linbench compare --format` writes them, or as Parquet."""
    from linbench.store.export import export_lines, export_parquet

    output.check(path)
    opened = existing_store(store)
    stored_run = opened.run(run)
    if format_ == "parquet":
        if path is None:
            raise click.UsageError("parquet is no text: name a file with --output.")
        with _explain_write_error(path):
            export_parquet(opened, stored_run, path)
        return
    with _explain_write_error(path), output.lines(path) as write:
        for line in export_lines(opened, stored_run, format_):  # type: ignore[arg-type]  # click has checked it
            write(line)


@contextlib.contextmanager
def _explain_write_error(path: Path | None) -> Iterator[None]:
    """Turn an error of the system, while the file is written, into one line."""
    try:
        yield
    except OSError as error:
        if path is None:
            raise
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


@command.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@store_option
@debug_option
def import_file(file: Path, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """Store the records of FILE, a document of `--format json`, as a run; it is checked throughout.

    `--resume` takes no records from it: they were made elsewhere.
    """
    from linbench.store.json_import import import_document, read_document

    document = read_document(file)
    number = import_document(existing_store(store).path, document, ["linbench", "runs", "import", str(file)])
    click.echo(f"run {number}: {_count(len(document.records), 'record')} of {file}")


@command.command("delete")
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@store_option
@debug_option
def delete(runs: tuple[str, ...], store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """Take out each RUN with its records."""
    opened = existing_store(store)
    stored_runs = list({run.id: run for run in map(opened.run, runs)}.values())
    opened.delete(stored_runs)
    for run in stored_runs:
        click.echo(f"deleted run {run.id}: {_count(run.records, 'record')}")


@command.command("prune")
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N.")
@click.option("--older-than", type=click.FloatRange(min=0), metavar="DAYS", help="Take out only what is older.")
@store_option
@debug_option
def prune(keep: int | None, older_than: float | None, store: Path | None, debug: bool) -> None:  # noqa: ARG001
    """Take out old runs; with both options, those that are neither among the newest N nor younger than DAYS."""
    if keep is None and older_than is None:
        raise click.UsageError("say what to keep: --keep N or --older-than DAYS.")
    opened = existing_store(store)
    gone = opened.prune(keep, older_than)
    deleted = f"{_count(len(gone), 'run')} with {_count(sum(run.records for run in gone), 'record')}"
    click.echo(f"deleted {deleted}; {_count(len(opened.runs()), 'run')} left")


def _start(run: Run) -> str:
    return run.started.replace("T", " ").removesuffix("Z")


def _record_counts(run: Run) -> str:
    missing = f"{run.records:,} of " if run.records < run.planned else ""
    reused = f", {run.reused:,} from earlier runs" if run.reused else ""
    return f"{missing}{_count(max(run.records, run.planned), 'record')}{reused}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {plural(noun, number)}"
