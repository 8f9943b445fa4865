"""Performance profiles: step functions over the ratio to the best, their bands, and the scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from linbench.results.report.axis import decades_around
from linbench.results.report.curves import MOST_CURVES
from linbench.results.report.figure import Curve, Figure, Level, draw, x_axis, y_axis
from linbench.results.report.markup import Markup, bullet_list, element, join, table
from linbench.results.statistics.interval import FEWEST
from linbench.results.statistics.profiles import (
    TAU_MAX,
    Band,
    Profile,
    performance_profiles,
    profile_bands,
    score_intervals,
)
from linbench.results.statistics.reading import score_readings
from linbench.results.statistics.times import Factor

if TYPE_CHECKING:
    from linbench.results.statistics.interval import Interval
    from linbench.results.statistics.times import TimeTable

_LARGEST = 1e4
"""The largest ratio that is drawn; the table has the share of tasks solved at any ratio."""

_RATIOS = (1, 2, 4, 10, 100)


def profile_section(tasks: TimeTable, colours: Mapping[str, int]) -> Markup:
    """Return the figure with its table, and the scores in words. colours: of the optimizers' labels."""
    if not tasks.tasks:
        return bullet_list(score_readings(tasks))
    profiles = sorted(performance_profiles(tasks), key=lambda profile: -profile.score())
    bands = {band.solver: band for band in profile_bands(tasks)}
    shown = profiles[:MOST_CURVES]
    problems, targets = len(tasks.names(Factor.PROBLEM)), len(tasks.names(Factor.TARGET))
    last = _right_end(shown)
    figure = Figure(
        name="profiles",
        title="Performance profiles",
        description=f"Step functions over {len(tasks.tasks)} tasks, lower axis logarithmic. "
        + " ".join(f"{p.solver}: fastest on {p.at(1):.0%}, solved {_solved_share(p):.0%}." for p in shown),
        x=x_axis("τ: time ÷ that of the fastest", 1, last),
        y=y_axis("share of tasks solved within τ", -0.03, 1.03, logarithmic=False),
        curves=[_curve(profile, bands.get(profile.solver), last, colours[profile.solver]) for profile in shown],
        levels=[Level(f"scores reach to {TAU_MAX:g}", TAU_MAX, upright=True)],
    )
    caption = (
        f"Share of {len(tasks.tasks)} tasks (problems: {problems}, targets: {targets}) that an optimizer solved within "
        "τ times the epochs of the fastest; median over seeds, failures infinite. Higher is better; at 1, how often it "
        "was the fastest, at the right end, how often it arrived at all."
    )
    if targets > 1:
        caption += " Epochs to further targets are read from the recorded costs: upper bounds where those were thinned."
    if bands:
        caption += " Bands: 95% for each τ by itself, problems resampled."
    else:
        caption += f" No bands: they take {FEWEST} problems."
    if len(profiles) > len(shown):
        caption += f" The first {len(shown)} of {len(profiles)} optimizers by score."
    scores = _score_table(profiles, score_intervals(tasks))
    content = element("figure", draw(figure), element("figcaption", caption), scores)
    return join([content, bullet_list(score_readings(tasks))])


def _curve(profile: Profile, band: Band | None, last: float, colour: int) -> Curve:
    # From 1 to the right end, where nothing steps any more.
    lead = [] if profile.at(1) > 0 else [(1.0, 0.0)]
    x = [tau for tau, _ in lead] + list(profile.taus)
    y = [height for _, height in lead] + list(profile.heights)
    end = max(last, x[-1])

    def whole(values: Sequence[float]) -> list[float]:
        full = [0.0] * len(lead) + list(values)
        return [*full, full[-1]]

    if band is None:
        return Curve(profile.solver, [*x, end], [*y, y[-1]], steps=True, colour=colour)
    low, high = (whole(ends) if profile.taus else [0.0, 0.0] for ends in (band.low, band.high))
    return Curve(profile.solver, [*x, end], [*y, y[-1]], low, high, steps=True, colour=colour)


def _right_end(profiles: Sequence[Profile]) -> float:
    largest = max((tau for profile in profiles for tau in profile.taus), default=TAU_MAX)
    return decades_around(1, min(max(largest, 2 * TAU_MAX), _LARGEST))[1]


def _solved_share(profile: Profile) -> float:
    return profile.at(math.inf)


def _score_table(profiles: Sequence[Profile], intervals: dict[str, Interval | None]) -> Markup:
    def cells(profile: Profile) -> list[str]:
        interval = intervals[profile.solver]
        between = "–" if interval is None else f"{interval.low:.2f}–{interval.high:.2f}"
        shares = [f"{profile.at(tau):.0%}" for tau in _RATIOS]
        return [profile.solver, f"{profile.score():.3f}", between, *shares, f"{_solved_share(profile):.0%}"]

    header = ["optimizer", "score", "95%", *(f"τ ≤ {tau}" for tau in _RATIOS), "ever"]
    caption = f"Scores (the mean height from τ = 1 to {TAU_MAX:g}), and shares of tasks solved within τ"
    return table(caption, header, map(cells, profiles))
