"""Step times from fresh processes: the jobs that they get, where they run, and what they answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from linbench.gate.files import BaselineError
from linbench.gate.timing.decision import SideTimes, StepTimes

WORKER = "linbench.gate.timing.worker"
SCHEMA = 1
"""Version of jobs and answers: both sides of a comparison must speak the same."""

TIMEOUT = 300
"""Seconds after which a process is given up."""

Tell = Callable[[int, int], object]
"""Is told how many processes are through, and of how many."""


def ignore(done: int, total: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one process times: the steps of these optimizers, on one problem; all as specs.

    models: each optimizer is timed with the first that suits it.
    """

    optimizers: Sequence[str]
    problem: str
    models: Sequence[str]
    dtype: str
    seed: int
    batch_size: int | None = None
    schema: int = SCHEMA

    def only(self, optimizers: Sequence[str]) -> Job:
        """The same with fewer optimizers."""
        return replace(self, optimizers=tuple(optimizers))


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that are compared, as something to be run.

    python: the interpreter. folder: where it runs. path: its PYTHONPATH, or nothing for the one of this
    process. plugins: as `--plugin`.
    """

    python: str
    folder: Path
    path: Sequence[str] = ()
    plugins: Sequence[str] = ()

    def environ(self) -> dict[str, str]:
        """The variables of the process: one thread, and this side's code."""
        path = {"PYTHONPATH": os.pathsep.join(self.path)} if self.path else {}
        return {**os.environ, **path, "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What one process found. files: where the code of each optimizer lies."""

    ratios: Mapping[str, float]
    control: float
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    linbench: str = ""
    schema: int = SCHEMA


def this_side(plugins: Sequence[str]) -> Side:
    """The code that runs now, found where this process finds it: pytest, for one, has paths of its own."""
    return Side(sys.executable, Path.cwd(), [str(Path(entry).absolute()) for entry in sys.path], tuple(plugins))


def answers(sides: Sequence[Side], job: Job, tell: Tell) -> Iterator[Answer]:
    """What one fresh process for each of these sides says, one after the other.

    Raises BaselineError for a process that ends without an answer.
    """
    for done, side in enumerate(sides):
        tell(done, len(sides))
        yield ask(side, job)
    tell(len(sides), len(sides))


def ask(side: Side, job: Job) -> Answer:
    """One process's answer; raises BaselineError where there is none."""
    with tempfile.TemporaryDirectory(prefix="linbench-") as folder:
        place = Path(folder) / "answer.json"
        words = [side.python, "-P", "-m", WORKER, str(place), *side.plugins]
        try:
            process = subprocess.run(
                words,
                input=json.dumps(asdict(job)),
                cwd=side.folder,
                env=side.environ(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BaselineError(f"a process that measures step times was given up after {TIMEOUT} s") from None
        except OSError as error:
            raise BaselineError(f"cannot run {side.python}: {error.strerror}") from None
        if process.returncode or not place.exists():
            lines = process.stderr.strip().splitlines()
            said = lines[-1] if lines else f"exit code {process.returncode}"
            raise BaselineError(f"a process that measures step times failed in {side.folder}: {said}")
        content = json.loads(place.read_text(encoding="utf-8"))
    if content.get("schema") != job.schema:
        raise BaselineError(f"linbench {content.get('linbench')} is on one side, another one here: they cannot compare")
    return Answer(**content)


def timings(found: Sequence[Answer]) -> SideTimes:
    """The values of all processes of one side; an optimizer that failed in one of them is unmeasured."""
    unmeasured = {label: why for answer in found for label, why in answer.unmeasured.items()}
    control = tuple(answer.control for answer in found)
    labels = sorted({label for answer in found for label in answer.ratios} - set(unmeasured))
    times = {
        label: StepTimes(tuple(one.ratios[label] for one in found), control, found[-1].versions.get(label, {}))
        for label in labels
    }
    return SideTimes(times, unmeasured)
