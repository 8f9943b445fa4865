"""Cost curves: the relative gap over the epochs, as median, minimum and maximum over seeds."""

from __future__ import annotations

import bisect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from linbench.core.criteria import EPS, noise_floor
from linbench.results.report.axis import decades_around
from linbench.results.report.figure import Curve, Level, draw, x_axis, y_axis
from linbench.results.report.markup import Markup, element, table
from linbench.results.statistics.run_group import Setting, group_runs
from linbench.results.table.numbers import significant
from linbench.results.table.rows import rows_of

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record

MOST_CURVES = 10
"""In one figure; of more, those that the table has first, the fastest."""

MOST_FIGURES = 12

_POINTS = 300
_HIGHEST = 1e3
_LOWEST = 1e-20


@dataclass(frozen=True, slots=True)
class Spread:
    """Relative gaps at epochs: median, minimum and maximum over seeds, (k,) each; infinite where a cost overflowed."""

    name: str
    epoch: Sequence[int]
    median: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    seeds: int


def spread(name: str, records: Sequence[Record]) -> Spread | None:
    """The runs of one optimizer, which differ in their seed; None where none of them has a trajectory and a theory.

    Between two recorded epochs, and after its last one, a run counts as it was at the one before.
    """
    gaps = [found for record in records if (found := _gaps(record)) is not None]
    if not gaps:
        return None
    epochs = _thinned(sorted({epoch for recorded, _ in gaps for epoch in recorded}))
    columns = [sorted(_held(*run, epoch) for run in gaps) for epoch in epochs]
    medians = [_median(column) for column in columns]
    return Spread(name, epochs, medians, [c[0] for c in columns], [c[-1] for c in columns], len(gaps))


def cost_figures(records: Sequence[Record], colours: Mapping[str, int]) -> list[Markup]:
    """A figure with its table for each setting of which there are trajectories, at most 12, and what was left out.

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


def _by_setting(records: Sequence[Record]) -> dict[Setting, list[Record]]:
    found: dict[Setting, list[Record]] = {}
    for record in records:
        if _gaps(record) is not None:
            found.setdefault(group_runs([record])[0].setting, []).append(record)
    return found


def _figure(name: str, setting: Setting, records: Sequence[Record], colours: Mapping[str, int]) -> Markup:
    rows = rows_of(records)
    shown = [found for row in rows[:MOST_CURVES] if (found := spread(row.label, row.records)) is not None]
    floor, target = _noise(records), setting.target
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
    curves = [Curve(one.name, *_drawn(one), colour=colours[one.name]) for one in shown]
    levels = [Level("target", target), Level(f"noise floor of {setting.dtype}", floor)]
    ends = ", ".join(f"{one.name} ends at {_text(one.median[-1], floor)}" for one in shown)
    svg = draw(
        name,
        f"Cost curves: {title}",
        f"Lines over epochs {first} to {last}, both axes logarithmic. {ends}.",
        (x_axis("epoch", first, last), y_axis("relative gap", low, high)),
        curves,
        levels,
    )
    details = element("details", element("summary", "As a table"), _as_table(title, shown, last, floor))
    return element("figure", element("h3", title), svg, element("figcaption", " ".join(caption)), details)


def _drawn(one: Spread) -> tuple[list[float], list[float], list[float], list[float]]:
    """From epoch 1 on, since 0 has no place on a logarithmic axis; a band for several seeds only."""
    start = bisect.bisect_left(one.epoch, 1)
    parts = (one.median, one.low, one.high) if one.seeds > 1 else (one.median, (), ())
    median, low, high = (list(part[start:]) for part in parts)
    return list(map(float, one.epoch[start:])), median, low, high


def _as_table(title: str, shown: Sequence[Spread], last: int, floor: float) -> Markup:
    epochs = [0, *(10**k for k in range(len(str(last)))), last]
    epochs = sorted({epoch for epoch in epochs if epoch <= last})
    rows = [[one.name, *(_text(_at(one, epoch), floor) for epoch in epochs)] for one in shown]
    return table(f"{title}: median relative gap", ["after epoch", *(f"{epoch:,}" for epoch in epochs)], rows)


def _text(gap: float, floor: float) -> str:
    return significant(gap, 2) if gap >= floor else f"< {significant(floor, 2)}"


def _at(one: Spread, epoch: int) -> float:
    return one.median[max(0, bisect.bisect_right(one.epoch, epoch) - 1)]


def _range(shown: Sequence[Spread], floor: float, target: float) -> tuple[float, float]:
    values = [value for one in shown for part in (one.median, one.low, one.high) for value in part]
    fit = [value for value in values if _LOWEST < value < _HIGHEST]
    marks = [mark for mark in (floor, target) if _LOWEST < mark < math.inf]
    lowest = min([*fit, *(mark / 3 for mark in marks)], default=1e-6)  # room for the name below a line
    above = max([*fit, *marks], default=1.0)
    return decades_around(max(lowest, min(floor, target) / 100), max(above, 1.0))


def _noise(records: Sequence[Record]) -> float:
    """The noise floor as a relative gap: the median, where data differ from seed to seed."""
    floors = [r.theory.relative(noise_floor(r.theory, EPS[r.dtype])) for r in records if r.theory is not None]
    return _median(sorted(floors))


def _gaps(record: Record) -> tuple[Sequence[int], list[float]] | None:
    theory, trajectory = record.theory, record.trajectory
    if theory is None or trajectory is None or not trajectory.epoch or not theory.scale > 0:
        return None
    gaps = ((cost - theory.optimum_cost) / theory.scale for cost in trajectory.cost)
    return trajectory.epoch, [math.inf if math.isnan(gap) else gap for gap in gaps]


def _held(epochs: Sequence[int], gaps: Sequence[float], epoch: int) -> float:
    return gaps[max(0, bisect.bisect_right(epochs, epoch) - 1)]


def _median(ordered: Sequence[float]) -> float:
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _thinned(epochs: Sequence[int]) -> list[int]:
    """So many that no eye tells the difference, log-spaced, with the first and the last."""
    count = len(epochs)
    if count <= _POINTS:
        return list(epochs)
    spaced = {min(count - 1, round(count ** (i / _POINTS)) - 1) for i in range(_POINTS + 1)}
    return [epochs[i] for i in sorted(spaced)]
