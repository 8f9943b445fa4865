"""linbench: compare optimizers honestly, on the training problem whose answer is known exactly.

Everything public is here; it is imported when it is first asked for, so `import linbench` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from linbench.comparison import Comparison, compare
    from linbench.core.component import Component
    from linbench.core.contract import Contract
    from linbench.core.device import Device
    from linbench.core.errors import ComponentError, LinbenchError, ProblemError, StoreError, UsageError
    from linbench.core.least_squares import Solution, solve
    from linbench.core.observer import Observer
    from linbench.core.problem import Problem
    from linbench.core.record import Record, Status, StepTime, Trajectory
    from linbench.core.run_context import RunContext
    from linbench.core.spec import Spec, Sweep
    from linbench.core.store import Store
    from linbench.core.theory import Theory
    from linbench.plugins.markers import hookimpl
    from linbench.tuning import Tuning, tune

_PUBLIC = {
    "Comparison": "linbench.comparison",
    "Component": "linbench.core.component",
    "ComponentError": "linbench.core.errors",
    "Contract": "linbench.core.contract",
    "Device": "linbench.core.device",
    "LinbenchError": "linbench.core.errors",
    "Observer": "linbench.core.observer",
    "Problem": "linbench.core.problem",
    "ProblemError": "linbench.core.errors",
    "Record": "linbench.core.record",
    "RunContext": "linbench.core.run_context",
    "Solution": "linbench.core.least_squares",
    "Spec": "linbench.core.spec",
    "Status": "linbench.core.record",
    "StepTime": "linbench.core.record",
    "Store": "linbench.core.store",
    "StoreError": "linbench.core.errors",
    "Sweep": "linbench.core.spec",
    "Theory": "linbench.core.theory",
    "Trajectory": "linbench.core.record",
    "Tuning": "linbench.tuning",
    "UsageError": "linbench.core.errors",
    "compare": "linbench.comparison",
    "hookimpl": "linbench.plugins.markers",
    "solve": "linbench.core.least_squares",
    "tune": "linbench.tuning",
}

__all__ = [
    "Comparison",
    "Component",
    "ComponentError",
    "Contract",
    "Device",
    "LinbenchError",
    "Observer",
    "Problem",
    "ProblemError",
    "Record",
    "RunContext",
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
