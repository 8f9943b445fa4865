"""Progress on stderr while cases run: a bar on a terminal, a training log where it was asked for."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from linbench.core.observer import Observer

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

    from linbench.core.outcome.record import Record
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan


@contextlib.contextmanager
def show_progress(plan: Plan, *, log_every: int, quiet: bool) -> Iterator[Observer]:
    """Yield the observer for a command: the log if it was asked for, else a bar if somebody sits at a terminal.

    Afterwards the terminal is as it was before, also where the command was interrupted.
    """
    if log_every:
        yield TrainingLog(log_every)
    elif quiet:
        yield Observer()
    elif not sys.stderr.isatty():
        yield Notices()
    else:
        bar = ProgressBar(len(plan), plan.settings.epochs)
        try:
            yield bar
        finally:
            bar.close()


@contextlib.contextmanager
def show_count(words: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to be told how many of how many are done; it moves a bar if somebody sits at a terminal.

    words: the text beside the bar.
    """
    if quiet or not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    with _make_progress(TextColumn(words), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task(words)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class TrainingLog(Observer):
    """The tutorial's line every so many epochs, under a heading for each case."""

    def __init__(self, log_every: int) -> None:
        self.log_every = log_every
        self._epochs = 0

    def started(self, case: Case) -> None:
        """Write the heading."""
        self._epochs = case.settings.epochs
        click.echo(f"\n{case.label}", err=True)

    def epoch(
        self, epoch: int, weight: Sequence[Sequence[float]] | None, bias: Sequence[float] | None, cost: float
    ) -> None:
        """Write the line; W and b of several numbers are lists, and – for a model that has none.

        Of a problem without intercept it has no b.
        """
        b = "" if bias is not None and not bias else f" b:{_as_text(bias)}"
        line = f"Epoch {epoch:4d}/{self._epochs} W:{_as_text(weight)}{b} Cost:{cost:.6f}"
        click.echo(line, err=True)


class Notices(Observer):
    """Notices to the user, each of them once."""

    def __init__(self) -> None:
        self._lines: set[str] = set()

    def note(self, line: str) -> None:
        """Write the line, if it is new."""
        if line not in self._lines:
            self._lines.add(line)
            click.echo(f"linbench: {line}", err=True)


class ProgressBar(Notices):
    """One bar over the epochs of all runs, with the time left at the rate of the last half minute."""

    def __init__(self, runs: int, epochs: int) -> None:
        super().__init__()
        self._runs, self._epochs, self._done = runs, epochs, 0
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def advanced(self, run_epochs: int) -> None:
        """Move the bar."""
        progress, task = self._begin()
        progress.advance(task, run_epochs)

    def finished(self, record: Record) -> None:
        """Count the run; one that ended early or was skipped counts whole. The last one takes the bar away."""
        progress, task = self._begin()
        self._done += 1
        progress.update(task, description=f"{self._done}/{self._runs} runs")
        progress.advance(task, self._epochs - record.epochs_run)
        if self._done == self._runs:
            self.close()

    def close(self) -> None:
        """Take the bar away and give the cursor back."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _begin(self) -> tuple[Progress, TaskID]:
        """Show the bar unless it is there, and return it with its task."""
        if self._progress is None or self._task is None:
            from rich.progress import BarColumn, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
            )
            self._progress = _make_progress(*columns)
            self._task = self._progress.add_task(f"0/{self._runs} runs", total=self._runs * self._epochs)
            self._progress.start()
        return self._progress, self._task


def _make_progress(*columns: ProgressColumn) -> Progress:
    from rich.console import Console
    from rich.progress import Progress

    # rich would put back the stdout that it found, and training begins with stdout led to stderr.
    return Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


def _as_text(values: object) -> str:
    if values is None:
        return "–"
    if isinstance(values, Sequence):
        return _as_text(values[0]) if len(values) == 1 else f"[{', '.join(map(_as_text, values))}]"
    return f"{values:.3f}"
