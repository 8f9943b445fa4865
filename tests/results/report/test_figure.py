"""The SVG of a figure, read back as XML."""

import math
from xml.etree import ElementTree

import pytest

from linbench.results.report.figure import COLOURS, Curve, Figure, Level, draw, points, x_axis, y_axis
from linbench.results.report.markup import element, escape

X, Y = x_axis("epoch", 1, 100), y_axis("gap", 1e-4, 1)


def drawn(curves, levels=()):
    figure = Figure(name="f", title="A <title>", description='what "is" seen', x=X, y=Y, curves=curves, levels=levels)
    return ElementTree.fromstring(draw(figure))


def classes(svg, name):
    return [one for one in svg.iter() if name in one.get("class", "").split()]


def test_a_figure_says_what_it_is_to_those_who_cannot_see_it():
    svg = drawn([])
    assert svg.get("role") == "img"
    named = {one.get("id"): one.text for one in svg.iter() if one.get("id")}
    assert [named[name] for name in svg.get("aria-labelledby").split()] == ["A <title>", 'what "is" seen']


def test_curves_bands_and_levels_are_clipped_to_the_plot():
    svg = drawn([Curve("a", [1, 10], [1, math.inf], [0.1, 0], [1, math.inf])], [Level("target", 1e-2)])
    (clip,) = svg.iter("clipPath")
    (group,) = svg.iter("g")
    assert group.get("clip-path") == f"url(#{clip.get('id')})"
    assert [one.get("class").split()[0] for one in group] == ["band", "level", "curve"]
    frame = classes(svg, "frame")[0].attrib
    assert {name: frame[name] for name in ("x", "y", "width", "height")} == clip[0].attrib


def test_no_coordinate_is_not_a_number():
    curve = Curve("a", [1, 10, 1e300], [math.nan, math.inf, -1])
    text = draw(Figure(name="f", title="t", description="d", x=X, y=Y, curves=[curve]))
    assert "nan" not in text
    assert "inf" not in text


def test_a_step_function_goes_across_and_then_up():
    corners = points(Curve("a", [1, 10, 100], [1e-4, 1e-2, 1], steps=True), X, Y, [1e-4, 1e-2, 1])
    at = [X.position(value) for value in (1, 10, 10, 100, 100)]
    levels = [Y.position(value) for value in (1e-4, 1e-4, 1e-2, 1e-2, 1)]
    assert corners == list(zip(at, levels, strict=True))


def test_the_legend_names_every_curve_in_its_colour():
    svg = drawn([Curve(f"curve {i}", [1, 2], [1, 1], colour=i) for i in range(COLOURS + 1)])
    texts = [one.text for one in svg.iter("text")]
    assert [text for text in texts if text.startswith("curve")] == [f"curve {i}" for i in range(COLOURS + 1)]
    looks = {(one.get("class"), one.get("stroke-dasharray")) for one in classes(svg, "curve")}
    assert len(looks) == COLOURS + 1


@pytest.mark.parametrize(("value", "named"), [(1e-2, True), (1e-9, False), (math.nan, False)])
def test_a_level_outside_of_the_figure_is_not_named(value, named):
    assert bool(classes(drawn([], [Level("target", value)]), "note")) == named


def test_content_and_attributes_are_escaped_once():
    assert element("p", "<&", element("b", ">"), class_='"x"') == '<p class="&quot;x&quot;">&lt;&amp;<b>&gt;</b></p>'


def test_characters_that_no_document_may_hold_are_replaced():
    assert escape("a\x00\ud800b\n") == "a��b\n"
