"""The document as a whole: well-formed, self-contained, escaped."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from linbench import Status, Theory, Trajectory, compare
from linbench.results.report.page import render_report

VOID = {"meta", "br"}
HOSTILE = '<script>alert("1")</script>&\' [x'


class Elements(HTMLParser):
    """All elements with their attributes, and the text; fails for what is not closed."""

    def __init__(self):
        super().__init__()
        self.found, self.texts, self.open = [], [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def read(document):
    elements = Elements()
    elements.feed(document)
    elements.close()
    assert elements.open == []
    return elements


@pytest.fixture(scope="module")
def records():
    return compare(
        "sgd:lr=0.05,adam:lr=0.5,sgd:lr=10",
        problems="study-hours,synthetic",
        models="linear",
        epochs=60,
        seeds=3,
        timing=False,
        trajectories=True,
    ).records


@pytest.fixture(scope="module")
def document(records):
    return render_report(records, {"run": "7"})


def headings(document):
    return re.findall(r"<h2>(.*?)</h2>", document)


def test_a_page_has_a_section_for_everything_that_the_records_tell(document):
    assert headings(document) == ["Results", "Over seeds", "Cost curves", "Performance profiles"]
    assert "".join(read(document).texts).count("after epoch") == 2


def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(document):
    for tag, attributes in read(document).found:
        assert tag not in {"script", "link", "img", "iframe", "object", "use"}
        assert not {"src", "href", "xlink:href"} & set(attributes)
        assert not any(name.startswith("on") for name in attributes)
    assert "default-src 'none'" in document
    assert not re.search(r"url\((?!#)|@import|https?:", document)


def test_a_page_is_one_whole_document_of_unique_ids(document):
    found = read(document).found
    assert document.startswith("<!DOCTYPE html>\n<html")
    ids = [attributes["id"] for _, attributes in found if "id" in attributes]
    assert len(ids) == len(set(ids)) > 0
    assert all(one in ids for _, attributes in found for one in attributes.get("aria-labelledby", "").split())


def test_figures_are_well_formed_and_have_a_table(document):
    figures = re.findall(r"<figure>.*?</figure>", document, re.DOTALL)
    assert len(figures) == 3
    for figure in figures:
        ElementTree.fromstring(re.search(r"<svg.*?</svg>", figure, re.DOTALL)[0])
        assert "<table>" in figure


def test_whatever_records_hold_is_escaped(records, make_record):
    hostile = [replace(one, problem=HOSTILE, model=HOSTILE, optimizer=HOSTILE, device=HOSTILE) for one in records]
    failed = make_record(problem=HOSTILE, status=Status.ERROR, reason=HOSTILE, warnings=(HOSTILE,))
    document = render_report([*hostile, failed], {"command": HOSTILE})
    found = read(document)
    assert "script" not in {tag for tag, _ in found.found}
    assert "".join(found.texts).count("<script>") > 10


def test_the_same_optimizer_has_the_same_colour_in_every_figure(document):
    colours = {}
    for colour, name in re.findall(r'class="curve (c\d)"[^>]*><title>(.*?)</title>', document):
        colours.setdefault(name, set()).add(colour)
    assert len(colours) == 3
    assert {len(found) for found in colours.values()} == {1}


def test_in_a_large_sweep_the_curves_of_a_figure_all_look_different(make_record):
    theory, trajectory = Theory(((1.0,),), (0.0,), 1.0, 101.0, (0.5, 2.0), 2, 4, 1, 1), Trajectory([0, 1], [101.0, 2.0])
    many = [
        make_record(params={"lr": 1 / k}, theory=theory, trajectory=trajectory, gap=(k * 7) % 60) for k in range(1, 61)
    ]
    looks = re.findall(r'class="(curve c\d"[^>]*)><title>', render_report(many, {}))
    assert len(looks) == len(set(looks)) == 10


def test_without_trajectories_it_says_how_to_get_them(make_record):
    document = render_report([make_record(), make_record(optimizer="adam")], {})
    assert "--trajectories" in document
    assert "<svg" not in document
    assert headings(document) == ["Results", "Cost curves", "Performance profiles"]


def test_several_problems_give_profiles_without_trajectories(make_record):
    records = [
        make_record(problem=problem, optimizer=optimizer, status=Status.CONVERGED, epochs_to_target=epochs)
        for problem in ("a", "b")
        for optimizer, epochs in (("sgd", 10), ("adam", 20))
    ]
    document = render_report(records, {})
    assert document.count("<svg") == 1
    assert '<th scope="row">sgd:lr=0.01</th><td>1.000</td>' in document


@pytest.mark.parametrize("count", [0, 1])
def test_few_records_are_a_report_too(make_record, count):
    assert headings(render_report([make_record()] * count, {}))[0] == "Results"
