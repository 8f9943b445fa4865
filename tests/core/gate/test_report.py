"""Reports: for people, for programs, and for what shows them beside a commit."""

import json
from xml.etree import ElementTree

import pytest

from linbench.core.gate.finding import Finding, Kind
from linbench.core.gate.github import MOST, annotation, annotations_of
from linbench.core.gate.report import Report, as_json, as_junit, as_markdown, as_table

HOSTILE = "a|b <script>&amp;]]> `c` *d* [e](f) %0A::error::\x1b[31m\n\ud800"


def finding(kind=Kind.DRIFT, case="p · m · o · s", why="because"):
    return Finding(kind, case, "final cost", "1.5", "2.5", "+6.7e-01 of it", why)


@pytest.fixture
def report():
    def make(*findings, cases=("p · m · o · s", "q · s")):
        return Report(findings, cases, "s", "b.json")

    return make


def test_the_table_has_a_row_for_each_finding_and_a_summary(report):
    heading, _, row, _, last = as_table(report(finding())).splitlines()
    assert heading.split("  ")[0] == "case"
    assert row.split() == "p · m · o final cost 1.5 2.5 +6.7e-01 of it because".split()
    assert last == "2 cases: 1 as committed, 1 drifted (s), compared with b.json"


def test_without_findings_it_is_one_line(report):
    assert as_table(report()) == "2 cases: 2 as committed (s), compared with b.json"


def test_json_holds_what_the_table_shows(report):
    document = json.loads(as_json(report(finding(), finding(Kind.CRASH, "q · s"))))
    assert document["exit_code"] == 4
    assert document["findings"][0] == {
        "kind": "drift",
        "case": "p · m · o · s",
        "what": "final cost",
        "was": "1.5",
        "is": "2.5",
        "by": "+6.7e-01 of it",
        "why": "because",
    }


def test_junit_has_drift_for_a_failure_and_a_crash_for_an_error(report):
    root = ElementTree.fromstring(
        as_junit(report(finding(), finding(Kind.CRASH, "q · s"), cases=("a", "p · m · o · s")))
    )
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "1")
    cases = {case.get("name"): [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {"a": [], "p · m · o · s": ["failure"], "q · s": ["error"]}


@pytest.mark.parametrize("write", [as_table, as_json, as_markdown, as_junit])
def test_hostile_text_breaks_no_report(report, write):
    text = write(report(finding(case=HOSTILE, why=HOSTILE)))
    text.encode()
    assert "\x1b" not in text
    if write is as_junit:
        ElementTree.fromstring(text)
    if write is as_markdown:
        *_, row = text.splitlines()
        assert "<script>" not in row
        assert row.replace(r"\|", "").count("|") == 7


def test_annotations_are_escaped_as_github_documents():
    assert annotation("error", "a:b,c", "100%\r\nx:y,z") == "::error title=a%3Ab%2Cc::100%25%0D%0Ax:y,z"


def test_there_are_at_most_ten_annotations_errors_first():
    found = [finding(Kind.NEW, str(number)) for number in range(8)] + [finding(case=str(number)) for number in range(8)]
    lines = annotations_of(found)
    assert len(lines) == MOST
    assert all(line.startswith("::error ") for line in lines[:8])
    assert lines[-1] == "::warning title=linbench gate::and 7 more findings; see the summary of this step"
    assert len(annotations_of(found[:10])) == 10
