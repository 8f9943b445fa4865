"""Cost curves: the relative gap over the epochs, as median, minimum and maximum over seeds."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.criteria import EPS, noise_floor
from linbench.results.report.axis import decades_around
from linbench.results.report.figure import Curve, Figure, Level, draw, x_axis, y_axis
from linbench.results.report.markup import Markup, element, table
from linbench.results.statistics.run_group import setting_of
from linbench.results.table.numbers import significant
from linbench.results.table.rows import rows_of

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record
    from linbench.results.statistics.run_group import Setting

MOST_CURVES = 10
"""The most curves in one figure; of more optimizers, the first ones of the table, which are the fastest."""

MOST_FIGURES = 12

_POINTS = 300
_HIGHEST = 1e3
_LOWEST = 1e-20


@dataclass(frozen=True, slots=True)
class GapCurve:
    """Relative gaps at epochs: median, minimum and maximum over seeds, (k,) each; infinite where a cost overflowed."""

    name: str
    epoch: Sequence[int]
    median: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: int


def cost_figures(records: Sequence[Record], colours: Mapping[str, int]) -> list[Markup]:
    """Return a figure with its table for each setting with trajectories, at most 12, and the number left out.

    colours: of the optimizers' labels.
    """
    settings = _by_setting(records)
    drawn = [
        _figure(f"costs-{number}", setting, members, colours)
        for number, (setting, members) in enumerate(list(settings.items())[:MOST_FIGURES])
    ]
    if len(settings) > MOST_FIGURES:
        drawn.append(element("p", f"{len(settings) - MOST_FIGURES} further settings are not drawn."))
    return drawn


def gap_curve(name: str, records: Sequence[Record]) -> GapCurve | None:
    """Return the curve of one optimizer's runs, which differ in their seed.

    None where none of them has a trajectory and a theory. Between two recorded epochs, and after its last one, a run
    counts as it was at the epoch before.
    """
    runs = [found for record in records if (found := _gaps(record)) is not None]
    if not runs:
        return None
    epochs = _thin(sorted({epoch for recorded, _ in runs for epoch in recorded}))
    columns = [sorted(_value_at(recorded, gaps, epoch) for recorded, gaps in runs) for epoch in epochs]
    medians = [_median(column) for column in columns]
    return GapCurve(name, epochs, medians, [c[0] for c in columns], [c[-1] for c in columns], len(runs))


def _by_setting(records: Sequence[Record]) -> dict[Setting, list[Record]]:
    found: dict[Setting, list[Record]] = {}
    for record in records:
        if _gaps(record) is not None:
            found.setdefault(setting_of(record), []).append(record)
    return found


def _figure(name: str, setting: Setting, records: Sequence[Record], colours: Mapping[str, int]) -> Markup:
    rows = rows_of(records)
    shown = [found for row in rows[:MOST_CURVES] if (found := gap_curve(row.label, row.records)) is not None]
    floor, target = _relative_noise_floor(records), setting.target
    first, last = 1, max(2, max(one.epoch[-1] for one in shown))
    low, high = _range(shown, floor, target)
    title = f"{setting.problem}, {setting.model}, {setting.device}, {setting.dtype}"
    seeds = max(one.seeds for one in shown)
    band = f"median over {seeds} seeds, with a band from minimum to maximum" if seeds > 1 else "one seed"
    caption = [
        f"Relative gap (cost above the optimum ÷ that of zero parameters) by epoch from the first on; {band}. "
        f"Below the noise floor the cost cannot be told apart in {setting.dtype}."
    ]
    if len(rows) > MOST_CURVES:
        caption.append(f"The first {MOST_CURVES} of {len(rows)} optimizers, as the table orders them.")
    if any(record.epochs_run < record.epochs for record in records):
        caption.append("Runs that were stopped early keep their last cost.")
    ends = ", ".join(f"{one.name} ends at {_gap_text(one.median[-1], floor)}" for one in shown)
    figure = Figure(
        name=name,
        title=f"Cost curves: {title}",
        description=f"Lines over epochs {first} to {last}, both axes logarithmic. {ends}.",
        x=x_axis("epoch", first, last),
        y=y_axis("relative gap", low, high),
        curves=[_curve(one, colours[one.name]) for one in shown],
        levels=[Level("target", target), Level(f"noise floor of {setting.dtype}", floor)],
    )
    details = element("details", element("summary", "As a table"), _gap_table(title, shown, last, floor))
    return element("figure", element("h3", title), draw(figure), element("figcaption", " ".join(caption)), details)


def _curve(one: GapCurve, colour: int) -> Curve:
    # From epoch 1 on, since 0 has no place on a logarithmic axis; a band for several seeds only.
    start = bisect.bisect_left(one.epoch, 1)
    epochs, median = list(map(float, one.epoch[start:])), list(one.median[start:])
    if one.seeds == 1:
        return Curve(one.name, epochs, median, colour=colour)
    return Curve(one.name, epochs, median, list(one.low[start:]), list(one.high[start:]), colour=colour)


def _gap_table(title: str, shown: Sequence[GapCurve], last: int, floor: float) -> Markup:
    epochs = [0, *(10**k for k in range(len(str(last)))), last]
    epochs = sorted({epoch for epoch in epochs if epoch <= last})
    rows = [
        [one.name, *(_gap_text(_value_at(one.epoch, one.median, epoch), floor) for epoch in epochs)] for one in shown
    ]
    return table(f"{title}: median relative gap", ["after epoch", *(f"{epoch:,}" for epoch in epochs)], rows)


def _gap_text(gap: float, floor: float) -> str:
    return significant(gap, 2) if gap >= floor else f"< {significant(floor, 2)}"


def _range(shown: Sequence[GapCurve], floor: float, target: float) -> tuple[float, float]:
    values = [value for one in shown for part in (one.median, one.low, one.high) for value in part]
    fit = [value for value in values if _LOWEST < value < _HIGHEST]
    marks = [mark for mark in (floor, target) if _LOWEST < mark < math.inf]
    lowest = min([*fit, *(mark / 3 for mark in marks)], default=1e-6)  # room for the name below a line
    above = max([*fit, *marks], default=1.0)
    return decades_around(max(lowest, min(floor, target) / 100), max(above, 1.0))


def _relative_noise_floor(records: Sequence[Record]) -> float:
    """Return the noise floor as a relative gap: the median, where data differ from seed to seed."""
    floors = [r.theory.relative(noise_floor(r.theory, EPS[r.dtype])) for r in records if r.theory is not None]
    return _median(sorted(floors))


def _gaps(record: Record) -> tuple[Sequence[int], list[float]] | None:
    theory, trajectory = record.theory, record.trajectory
    if theory is None or trajectory is None or not trajectory.epoch or not theory.scale > 0:
        return None
    gaps = ((cost - theory.optimum_cost) / theory.scale for cost in trajectory.cost)
    return trajectory.epoch, [math.inf if math.isnan(gap) else gap for gap in gaps]


def _value_at(epochs: Sequence[int], values: Sequence[float], epoch: int) -> float:
    return values[max(0, bisect.bisect_right(epochs, epoch) - 1)]


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _thin(epochs: Sequence[int]) -> list[int]:
    """Return so many epochs that no eye tells the difference, log-spaced, with the first and the last."""
    count = len(epochs)
    if count <= _POINTS:
        return list(epochs)
    spaced = {min(count - 1, round(count ** (i / _POINTS)) - 1) for i in range(_POINTS + 1)}
    return [epochs[i] for i in sorted(spaced)]
