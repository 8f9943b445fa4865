"""A figure as inline SVG: two axes, curves with bands, level lines, a legend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from linbench.results.report.axis import Axis
from linbench.results.report.markup import Markup, element

WIDTH = 820
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 14, 52
HEIGHT = 380
LEGEND_LINE = 20

COLOURS = 7
"""The number of colours in the style sheet: those of Okabe & Ito, with the text's for black, without yellow."""

_DASHES = (None, "8 4", "2 3")

LOOKS = COLOURS * len(_DASHES)
"""The number of curves that look different."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line (x, y), with a band from low to high around it where those are given; all of one length.

    steps: the line stays at a value until the next x, as a step function does. colour: a number; the same one looks
    the same in every figure, and `LOOKS` of them differ.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    steps: bool = False
    colour: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """A line across the figure with a name, at a y, or upright at an x."""

    name: str
    value: float
    upright: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Curves and levels on two axes, made by `x_axis` and `y_axis`; whatever leaves the axes is clipped.

    name: unique in the document, of letters, digits and hyphens. title, description: for screen readers.
    """

    name: str
    title: str
    description: str
    x: Axis
    y: Axis
    curves: Sequence[Curve]
    levels: Sequence[Level] = ()


def x_axis(label: str, low: float, high: float, logarithmic: bool = True) -> Axis:
    """Return the lower axis of a figure."""
    return Axis(label, low, high, LEFT, WIDTH - RIGHT, logarithmic)


def y_axis(label: str, low: float, high: float, logarithmic: bool = True) -> Axis:
    """Return the left axis of a figure, growing upwards."""
    return Axis(label, low, high, HEIGHT - BOTTOM, TOP, logarithmic)


def draw(figure: Figure) -> Markup:
    """Return the figure as an SVG element, with a legend below it."""
    name, x, y, levels = figure.name, figure.x, figure.y, figure.levels
    clip = f"{name}-clip"
    plot: dict[str, str | float] = {"x": LEFT, "y": TOP, "width": WIDTH - LEFT - RIGHT, "height": HEIGHT - TOP - BOTTOM}
    bands = [_band(curve, x, y) for curve in figure.curves if len(curve.low)]
    lines = [_line(curve, x, y) for curve in figure.curves]
    height = HEIGHT + LEGEND_LINE * len(figure.curves)
    return element(
        "svg",
        element("title", figure.title, id=f"{name}-title"),
        element("desc", figure.description, id=f"{name}-desc"),
        element("clipPath", element("rect", **plot), id=clip),
        *_grid(x, y),
        element("g", *bands, *(_level(level, x, y) for level in levels), *lines, clip_path=f"url(#{clip})"),
        *(_level_name(level, x, y, index) for index, level in enumerate(levels)),
        element("rect", **plot, class_="frame"),
        *_legend(figure.curves),
        viewBox=f"0 0 {WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
    )


def points(curve: Curve, x: Axis, y: Axis, values: Sequence[float]) -> list[tuple[float, float]]:
    """Return the corners of a line through the curve's x and some values, in pixels."""
    positions = [(x.position(at), y.position(value)) for at, value in zip(curve.x, values, strict=True)]
    if not curve.steps:
        return positions
    corners = positions[:1]
    for (at, level), (_, before) in zip(positions[1:], positions, strict=False):
        corners += [(at, before), (at, level)]
    return corners


def _stroke(curve: Curve) -> dict[str, str | float | None]:
    dash = _DASHES[curve.colour // COLOURS % len(_DASHES)]
    return {"class_": f"curve c{curve.colour % COLOURS}", "stroke_dasharray": dash}


def _line(curve: Curve, x: Axis, y: Axis) -> Markup:
    return element("path", element("title", curve.name), d=_path(points(curve, x, y, curve.y)), **_stroke(curve))


def _band(curve: Curve, x: Axis, y: Axis) -> Markup:
    around = points(curve, x, y, curve.high) + points(curve, x, y, curve.low)[::-1]
    return element("path", d=f"{_path(around)}Z", class_=f"band c{curve.colour % COLOURS}")


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "".join(f"{'L' if i else 'M'}{at:.1f},{level:.1f}" for i, (at, level) in enumerate(corners))


def _grid(x: Axis, y: Axis) -> list[Markup]:
    bottom = HEIGHT - BOTTOM
    drawn = []
    for value, label in x.ticks():
        at = x.position(value)
        drawn.append(element("line", x1=at, x2=at, y1=TOP, y2=bottom, class_="grid"))
        drawn.append(element("text", label, x=at, y=bottom + 18, text_anchor="middle"))
    for value, label in y.ticks():
        at = y.position(value)
        drawn.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=at, y2=at, class_="grid"))
        drawn.append(element("text", label, x=LEFT - 8, y=at + 4, text_anchor="end"))
    middle = (TOP + bottom) / 2
    drawn.append(element("text", x.label, x=(LEFT + WIDTH - RIGHT) / 2, y=bottom + 40, text_anchor="middle"))
    turned = f"rotate(-90 16 {middle:.6g})"
    drawn.append(element("text", y.label, x=16, y=middle, text_anchor="middle", transform=turned))
    return drawn


def _level(level: Level, x: Axis, y: Axis) -> Markup:
    at = (x if level.upright else y).position(level.value)
    ends: dict[str, str | float] = {"x1": at, "x2": at, "y1": TOP, "y2": HEIGHT - BOTTOM}
    if not level.upright:
        ends = {"x1": LEFT, "x2": WIDTH - RIGHT, "y1": at, "y2": at}
    return element("line", **ends, class_="level")


def _level_name(level: Level, x: Axis, y: Axis, index: int) -> Markup:
    """Return the name beside its line, if that is in the figure.

    The second name goes below its line, since the first line may be close above.
    """
    axis = x if level.upright else y
    if not axis.low <= level.value <= axis.high or math.isnan(level.value):
        return Markup()
    at = axis.position(level.value)
    if level.upright:
        return element("text", level.name, x=at + 5, y=HEIGHT - BOTTOM - 22, class_="note")
    return element("text", level.name, x=LEFT + 6, y=at + (15 if index % 2 else -5), class_="note")


def _legend(curves: Sequence[Curve]) -> list[Markup]:
    # Below the figure, one line each, so that long specs have room.
    drawn = []
    for index, curve in enumerate(curves):
        at = HEIGHT + LEGEND_LINE * index + 6
        drawn.append(element("path", d=f"M{LEFT},{at}H{LEFT + 34}", **_stroke(curve)))
        drawn.append(element("text", curve.name, x=LEFT + 44, y=at + 4))
    return drawn
