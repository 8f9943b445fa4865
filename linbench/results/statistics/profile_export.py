"""Performance profiles of a set of records: over problems, and over targets where the costs were kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from linbench.results.statistics.interval import FEWEST
from linbench.results.statistics.profiles import TAU_MAX, performance_profiles, profile_bands, score_intervals
from linbench.results.statistics.robustness import ranking_warnings
from linbench.results.statistics.run_group import group_runs
from linbench.results.statistics.times import Axis, TimeTable, time_table

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record

MOST_GROUPS = 50
"""Groups of runs that are profiled; of more, a reader should say which."""


def profile_table(records: Sequence[Record]) -> TimeTable | None:
    """Median epochs to target, over problems × targets where there are trajectories, else over problems.

    None where there is nothing to profile: fewer than two optimizers, one task only, or more than 50 groups of runs.
    """
    groups = group_runs(records)
    if len(groups) > MOST_GROUPS or len({group.optimizer for group in groups}) < 2:
        return None
    table = time_table(groups)
    if any(record.trajectory is not None for record in records):
        from linbench.results.statistics.targets import at_targets  # here, since it imports torch

        at_all = time_table(group_runs(at_targets(records)))
        table = at_all if len(at_all.tasks) > len(table.tasks) else table
    return table if len(table.tasks) > 1 else None


def profiles_of(records: Sequence[Record]) -> dict[str, Any]:
    """The profiles of two optimizers or more on two problems or more, ready for JSON; else an empty dictionary.

    `tasks`, each with problem, target and variant, were run with every optimizer; `left_out` says which were not.
    For each optimizer its `score` up to `tau_max`, with a 95% `score_interval` (None for fewer than 5 problems), and
    its profile, which rises to `heights[i]` at `taus[i]`, with the band `low`, `high` (None for fewer than 5 problems).
    `warnings`: on what single optimizer, problem or target the order of the scores hangs.
    """
    if len({record.problem for record in records}) < 2:
        return {}
    table = profile_table(records)
    if table is None or len(table.names(Axis.PROBLEM)) < 2:
        return {}
    enough = len(table.names(Axis.PROBLEM)) >= FEWEST  # for fewer, no numpy is imported in vain
    intervals = score_intervals(table) if enough else dict.fromkeys(table.solvers)
    bands = {band.solver: band for band in profile_bands(table)} if enough else {}
    optimizers = []
    for profile in performance_profiles(table):
        interval, band = intervals[profile.solver], bands.get(profile.solver)
        optimizers.append(
            {
                "optimizer": profile.solver,
                "score": profile.score(),
                "score_interval": None if interval is None else [interval.low, interval.high],
                "taus": list(profile.taus),
                "heights": list(profile.heights),
                "low": None if band is None else list(band.low),
                "high": None if band is None else list(band.high),
            }
        )
    return {
        "tau_max": TAU_MAX,
        "tasks": [{"problem": task.problem, "target": task.target, "variant": task.variant} for task in table.tasks],
        "left_out": list(table.left_out),
        "optimizers": optimizers,
        "warnings": ranking_warnings(table),
    }
