"""linbench: compare optimizers honestly, on the training problem whose answer is known exactly.

Everything public is here; it is imported when it is first asked for, so `import linbench` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linbench.comparison import Comparison, compare
    from linbench.core.contract.contract import Contract
    from linbench.core.contract.run_context import RunContext
    from linbench.core.device import Device
    from linbench.core.errors import ComponentError, LinbenchError, ProblemError, StoreError, UsageError
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record, Status, StepTime, Trajectory
    from linbench.core.problem.closed_form import Theory
    from linbench.core.problem.least_squares import Solution, solve
    from linbench.core.problem.problem import Problem
    from linbench.core.request.component import Component
    from linbench.core.request.settings import Settings
    from linbench.core.request.spec import Spec, Sweep
    from linbench.core.running.execution import Execution
    from linbench.plugins.markers import hookimpl
    from linbench.results.statistics.targets import at_targets
    from linbench.store.store import Store
    from linbench.tuning.tune import Tuning, tune

_PUBLIC = {
    "Comparison": "linbench.comparison",
    "Component": "linbench.core.request.component",
    "ComponentError": "linbench.core.errors",
    "Contract": "linbench.core.contract.contract",
    "Device": "linbench.core.device",
    "Execution": "linbench.core.running.execution",
    "LinbenchError": "linbench.core.errors",
    "Observer": "linbench.core.observer",
    "Problem": "linbench.core.problem.problem",
    "ProblemError": "linbench.core.errors",
    "Record": "linbench.core.outcome.record",
    "RunContext": "linbench.core.contract.run_context",
    "Settings": "linbench.core.request.settings",
    "Solution": "linbench.core.problem.least_squares",
    "Spec": "linbench.core.request.spec",
    "Status": "linbench.core.outcome.record",
    "StepTime": "linbench.core.outcome.record",
    "Store": "linbench.store.store",
    "StoreError": "linbench.core.errors",
    "Sweep": "linbench.core.request.spec",
    "Theory": "linbench.core.problem.closed_form",
    "Trajectory": "linbench.core.outcome.record",
    "Tuning": "linbench.tuning.tune",
    "UsageError": "linbench.core.errors",
    "at_targets": "linbench.results.statistics.targets",
    "compare": "linbench.comparison",
    "hookimpl": "linbench.plugins.markers",
    "solve": "linbench.core.problem.least_squares",
    "tune": "linbench.tuning.tune",
}

__all__ = [
    "Comparison",
    "Component",
    "ComponentError",
    "Contract",
    "Device",
    "Execution",
    "LinbenchError",
    "Observer",
    "Problem",
    "ProblemError",
    "Record",
    "RunContext",
    "Settings",
    "Solution",
    "Spec",
    "Status",
    "StepTime",
    "Store",
    "StoreError",
    "Sweep",
    "Theory",
    "Trajectory",
    "Tuning",
    "UsageError",
    "at_targets",
    "compare",
    "hookimpl",
    "solve",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from linbench.core.environment import version

        return version()
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
