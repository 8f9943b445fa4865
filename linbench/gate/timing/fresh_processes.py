"""Step times from fresh processes: the jobs that they get, the sides that they run, and their answers."""

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
from linbench.gate.finding import printable
from linbench.gate.timing.decision import SideTimes, StepTimes

WORKER = "linbench.gate.timing.worker"
SCHEMA = 1
"""Version of jobs and answers: both sides of a comparison must speak the same."""

TIMEOUT = 300
"""Seconds after which a process is given up."""

Tell = Callable[[int, int], object]
"""A function to be told how many processes are through, and of how many."""


def tell_nobody(done: int, total: int) -> None:
    """Do nothing, where nobody watches."""


@dataclass(frozen=True, slots=True)
class Job:
    """The work of one process: to time the steps of these optimizers, on one problem; all as specs.

    models: each optimizer is timed with the first that suits it.
    """

    optimizers: Sequence[str]
    problem: str
    models: Sequence[str]
    dtype: str
    seed: int
    batch_size: int | None = None
    schema: int = SCHEMA

    @property
    def steps(self) -> dict[str, str]:
        """The identity of each optimizer's step from one version to the next."""
        batch = "full batch" if self.batch_size is None else f"batch {self.batch_size}"
        before, after = f"{self.problem} · {','.join(self.models)}", f"{self.dtype} · {batch}"
        return {optimizer: printable(f"{before} · {optimizer} · {after}") for optimizer in self.optimizers}

    def only(self, optimizers: Sequence[str]) -> Job:
        """Return the same job with fewer optimizers."""
        return replace(self, optimizers=tuple(optimizers))


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two sides of a comparison, as something to be run.

    python: the interpreter. folder: the current directory of its processes. path: its PYTHONPATH, or nothing for the
    one of this process. plugins: as `--plugin`.
    """

    python: str
    folder: Path
    path: Sequence[str] = ()
    plugins: Sequence[str] = ()

    def environ(self) -> dict[str, str]:
        """Return the environment of its processes: one thread, and this side's code."""
        path = {"PYTHONPATH": os.pathsep.join(self.path)} if self.path else {}
        return {**os.environ, **path, "OMP_NUM_THREADS": "1"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one process. ratios, control: as in StepTimes. files: the file of each optimizer's code."""

    ratios: Mapping[str, float]
    control: float
    unmeasured: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    linbench: str = ""
    schema: int = SCHEMA


def this_side(plugins: Sequence[str]) -> Side:
    """Return the code that runs now, as a side."""
    # Found where this process finds it: pytest, for one, has paths of its own.
    return Side(sys.executable, Path.cwd(), [str(Path(entry).absolute()) for entry in sys.path], tuple(plugins))


def answers(sides: Sequence[Side], job: Job, tell: Tell) -> Iterator[Answer]:
    """Yield the answer of one fresh process for each of these sides, one after the other.

    Raises BaselineError for a process that ends without an answer.
    """
    for done, side in enumerate(sides):
        tell(done, len(sides))
        yield ask(side, job)
    tell(len(sides), len(sides))


def ask(side: Side, job: Job) -> Answer:
    """Run one process and return its answer; raises BaselineError where there is none."""
    with tempfile.TemporaryDirectory(prefix="linbench-") as folder:
        place = Path(folder) / "answer.json"
        # -P: the current directory is on the path of neither side unless its PYTHONPATH says so.
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
            reason = lines[-1] if lines else f"exit code {process.returncode}"
            raise BaselineError(f"a process that measures step times failed in {side.folder}: {reason}")
        content = json.loads(place.read_text(encoding="utf-8"))
    if content.get("schema") != job.schema:
        raise BaselineError(f"linbench {content.get('linbench')} is on one side, another one here: they cannot compare")
    return Answer(**content)


def side_times(answers: Sequence[Answer]) -> SideTimes:
    """Return the values of all processes of one side; an optimizer that failed in one of them is unmeasured."""
    unmeasured = {label: why for answer in answers for label, why in answer.unmeasured.items()}
    control = tuple(answer.control for answer in answers)
    labels = sorted({label for answer in answers for label in answer.ratios} - set(unmeasured))
    times = {
        label: StepTimes(tuple(one.ratios[label] for one in answers), control, answers[-1].versions.get(label, {}))
        for label in labels
    }
    return SideTimes(times, unmeasured)
