"""Step times measured in a process of its own: a candidate that kills or hangs it is left out, and has none."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any

from linbench.core.running.pool import Died, Limit, Tell, in_processes

if TYPE_CHECKING:
    from linbench.core.outcome.record import StepTime
    from linbench.core.problem.workbench import Workbench
    from linbench.core.request.case import Case


def times_apart(
    cases: Mapping[Hashable, Case],
    workbench: Workbench,
    step_times: Callable[..., Mapping[Hashable, StepTime]],
    timeout: float | None,
) -> Mapping[Hashable, StepTime]:
    """What `step_times` finds, for those whose code neither ends the process nor takes `timeout` seconds at a time.

    All candidates are timed in one process, since they take turns; whoever was at it when it ended is left out, and
    the others begin anew.
    """
    remaining = dict(cases)
    while remaining:
        keys, turns = list(remaining), [0]
        positions = {key: position for position, key in enumerate(keys)}

        def work(cases: Mapping[Hashable, Case], tell: Tell) -> Any:
            times = step_times(cases, workbench, lambda key: tell(positions[key]))  # noqa: B023  called in this turn
            return {positions[key]: time for key, time in times.items()}  # noqa: B023

        limit = None if timeout is None else lambda _: Limit(timeout, float("inf"))
        ((_, result),) = in_processes([remaining], work, 1, turns.append, limit)
        if not isinstance(result, Died):
            return {keys[position]: time for position, time in result.items()}
        del remaining[keys[turns[-1]]]
    return {}
