"""The program of a fresh process: time the steps of the optimizers of a job, and write the answer to a file.

echo '{"optimizers": ["adam:lr=0.01"], …}' | python -m linbench.gate.timing.worker ANSWER.json [PLUGIN …]
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from linbench.core.errors import LinbenchError, UsageError
from linbench.gate.timing.fresh_processes import Answer, Job

if TYPE_CHECKING:
    from linbench.core.request.case import Case
    from linbench.core.request.settings import DType
    from linbench.plugins.manager import Plugins

CONTROL = "adam"
"""torch's own, the same code on both sides; a plugin cannot take its name."""

CONTROL_LABEL = "\0control"
"""Among the labels of a job's optimizers it stands out: no spec is called that."""


def main(arguments: Sequence[str]) -> None:
    """Answer the job on stdin."""
    place, *plugins = arguments
    job = Job(**json.load(sys.stdin))
    try:
        with contextlib.redirect_stdout(sys.stderr):
            answer = measure(job, plugins)
    except LinbenchError as error:
        sys.exit(str(error))
    Path(place).write_text(json.dumps(asdict(answer)), encoding="utf-8")


def measure(job: Job, plugins: Sequence[str]) -> Answer:
    """Time the steps of a job's optimizers in this process; raises UsageError for an unknown problem or model."""
    from linbench.core.isolation.dynamo import avoid_import
    from linbench.plugins.manager import load_plugins

    loaded = load_plugins(plugins)
    avoid_import()
    from linbench.core.environment import version
    from linbench.core.problem.workbench import Workbench
    from linbench.gate.timing.step_ratio import step_ratios
    from linbench.gate.versions import versions_of

    cases: dict[str, Sequence[Case]] = {CONTROL_LABEL: _cases(job, loaded, CONTROL)}
    unmeasured: dict[str, str] = {}
    for spec in job.optimizers:
        try:
            cases[spec] = _cases(job, loaded, spec)
        except LinbenchError as error:
            unmeasured[spec] = str(error)
    result = step_ratios(cases, Workbench(catalog=loaded.catalog))
    ratios = dict(result.ratios)
    if CONTROL_LABEL not in ratios:
        raise UsageError(f"nothing can be timed on {job.problem}: {result.unmeasured[CONTROL_LABEL]}")
    return Answer(
        control=ratios.pop(CONTROL_LABEL),
        ratios=ratios,
        unmeasured={**unmeasured, **result.unmeasured},
        versions={label: versions_of(cases[label][0]) for label in ratios},
        files={label: file for label in ratios if (file := _file_of(cases[label][0])) is not None},
        linbench=version(),
    )


def _cases(job: Job, loaded: Plugins, optimizer: str) -> Sequence[Case]:
    """Return the case of each model."""
    from linbench.comparison import specs_of
    from linbench.core.request.plan import make_plan
    from linbench.core.request.settings import Settings

    plan = make_plan(
        loaded.catalog,
        optimizers=specs_of(optimizer),
        models=specs_of(job.models),
        devices=specs_of("cpu"),
        problems=specs_of(job.problem),
        seeds=[job.seed],
        settings=Settings(epochs=1, batch_size=job.batch_size, dtype=cast("DType", job.dtype)),
    )
    return tuple(plan)


def _file_of(case: Case) -> str | None:
    """Return the file that an optimizer's class is written in, or None where it has none."""
    target = case.optimizer.component.resolve()
    inner = target.func if isinstance(target, functools.partial) else target
    try:
        return str(Path(inspect.getfile(inner)).resolve())
    except (TypeError, OSError):
        return None


if __name__ == "__main__":
    main(sys.argv[1:])
