"""A training command and its store: earlier records are taken from it, new ones go into it."""

from __future__ import annotations

import itertools
import json
import subprocess
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linbench.core.environment import environment, version
from linbench.core.outcome.record import TRAINED
from linbench.store.connection import explain_errors, open_for_reading
from linbench.store.positions import Positions
from linbench.store.reader import TheoryCache, newest
from linbench.store.run_list import IMPORTED, runs
from linbench.store.writer import NewRun, Writer

if TYPE_CHECKING:
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.request.case import Case
    from linbench.core.request.plan import Plan
    from linbench.store.contents import RecordContents

_KEYS_AT_ONCE = 500

Train = Callable[["Plan"], Iterable["Record"]]


@dataclass(slots=True)
class StoreSession:
    """The writing of one command's records to the store at `path`.

    resume: take the records that earlier runs have, and train only the rest. command: the words of the command line.
    plugins: versions by the names of the loaded plugins.
    Once the records are through: `run` is the command's number in the store, `failure` the reason why records are
    missing there, or None, and `written` the number of records there.
    """

    path: Path
    resume: bool = False
    command: Sequence[str] = ()
    plugins: Mapping[str, str | None] = field(default_factory=dict)
    run: int | None = field(default=None, init=False)
    failure: str | None = field(default=None, init=False)
    written: int = field(default=0, init=False)

    def records(
        self, plan: Plan, contents: RecordContents, train: Train, observer: Observer | None = None
    ) -> Generator[Record, None, None]:
        """Yield the records of a plan: those of earlier runs first, then those that `train` makes of the other cases.

        Each is on its way into the store when it is yielded. Of what cannot be resumed the observer gets a note, or the
        caller a RuntimeWarning. Raises StoreError before anything is trained.
        """
        if self.resume:
            for line in _unresumable(plan):
                _tell(line, observer)
        writer = Writer(self.path, self._new_run(plan, contents), Positions(plan).of)
        self.run, outcome = writer.run, "failed"
        try:
            done: set[bytes] = set()
            for case, record in earlier_records(self.path, plan, contents) if self.resume else ():
                done.add(case.digest)
                writer.add(record, reused=True)
                if observer is not None:
                    observer.finished(record)
                yield record
            rest = replace(plan, done=frozenset(done)) if done else plan
            for record in train(rest) if len(rest) else ():
                writer.add(record)
                yield record
            outcome = "done"
        except (KeyboardInterrupt, GeneratorExit):
            outcome = "interrupted"
            raise
        finally:
            writer.close(outcome)
            self.failure, self.written = writer.failure, writer.written

    def lost(self) -> str | None:
        """Return one line on the records that are not in the store, with the reason; None where all of them are."""
        if self.failure is None:
            return None
        return f"records were not stored in {self.path} after the first {self.written}: {self.failure}"

    def _new_run(self, plan: Plan, contents: RecordContents) -> NewRun:
        facts = environment() | {"plugins": dict(self.plugins), "git": git_commit()}
        return NewRun(
            command=json.dumps(list(self.command)),
            linbench=version(),
            torch=facts["torch"],
            environment=json.dumps(facts),
            asked=contents.to_json(),
            problems=json.dumps([choice.label for choice in plan.problems]),
            optimizers=json.dumps(list(dict.fromkeys(choice.component.name for choice in plan.optimizers))),
            planned=len(plan),
        )


def earlier_records(path: Path, plan: Plan, contents: RecordContents) -> Iterator[tuple[Case, Record]]:
    """Yield the cases of a plan that earlier runs have trained, each with its newest record that has the contents."""
    statuses = sorted(status.value for status in TRAINED)
    connection = open_for_reading(path)
    try:
        made_for = {run.id: run.asked for run in runs(connection) if run.outcome != IMPORTED}
        theories = TheoryCache(connection)
        cases = iter(plan)
        while chunk := {case.digest: case for case in itertools.islice(cases, _KEYS_AT_ONCE)}:
            found: dict[bytes, Record] = {}
            with explain_errors(path):
                for stored in newest(connection, list(chunk), statuses, theories):
                    if stored.key in found or stored.run not in made_for:
                        continue
                    record = contents.fit(stored.record, made_for[stored.run])
                    if record is not None:
                        found[stored.key] = record
            for key, case in chunk.items():
                if key in found:
                    # A key does not tell a default from the same lr by request.
                    yield case, replace(found[key], lr_is_default=case.optimizer.lr_is_default)
    finally:
        connection.close()


def _unresumable(plan: Plan) -> Iterator[str]:
    """Yield a line for each choice whose cases have other keys every time, so that no earlier record is theirs."""
    for choice in (*plan.problems, *plan.models, *plan.optimizers, *plan.devices):
        if choice.unkeyable is not None:
            yield f"{choice.label} is trained anew: it holds {choice.unkeyable}, whose content cannot be told"


def _tell(line: str, observer: Observer | None) -> None:
    if observer is not None:
        observer.note(line)
    else:
        warnings.warn(line, RuntimeWarning, stacklevel=2)


def git_commit() -> str | None:
    """Return the commit that is checked out in the working directory; None outside of a repository."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def plugin_versions(statuses: Iterable[Any]) -> dict[str, str | None]:
    """Return the versions, by name, of the loaded plugins that did not come with linbench."""
    return {status.name: status.version for status in statuses if status.state == "loaded" and not status.built_in}
