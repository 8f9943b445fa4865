"""Performance profiles of a set of records as plain dictionaries, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from linbench.results.statistics.interval import FEWEST
from linbench.results.statistics.profiles import TAU_MAX, performance_profiles, profile_bands, score_intervals
from linbench.results.statistics.robustness import ranking_warnings
from linbench.results.statistics.times import Factor, profile_table

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record


def profiles_of(records: Sequence[Record]) -> dict[str, Any]:
    """Return the profiles of two optimizers or more on two problems or more; else an empty dictionary.

    `tasks`, each with problem, target and variant, were run with every optimizer; `left_out` says which were not.
    Each of `optimizers` has its `score` up to `tau_max`, with a 95% `score_interval` (None for fewer than 5 problems),
    and its profile, which rises to `heights[i]` at `taus[i]`, with the band `low`, `high` (None for fewer than 5
    problems). `warnings`: the single optimizers, problems and targets on which the order of the scores hangs.
    """
    if len({record.problem for record in records}) < 2:
        return {}
    table = profile_table(records)
    if table is None or len(table.names(Factor.PROBLEM)) < 2:
        return {}
    enough = len(table.names(Factor.PROBLEM)) >= FEWEST  # for fewer, no numpy is imported in vain
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
