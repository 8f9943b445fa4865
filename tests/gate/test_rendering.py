"""Reports: for people, for programs, and for what shows them beside a commit."""

import html
import json
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from linbench.gate.finding import Finding, Kind
from linbench.gate.github import MOST, annotation, annotations_of
from linbench.gate.rendering import MOST_ROWS, Report, as_json, as_junit, as_markdown, as_table, escape
from linbench.gate.rules import DEFAULT_LEARNING_RATE, STALLED, RuleAdvice
from linbench.gate.timing.decision import Decision, StepComparison
from linbench.gate.timing.rendering import TimingReport

HOSTILE = "a|b <script>&amp;]]> `c` *d* [e](f) %0A::error::\x1b[31m\n\ud800"


def finding(kind=Kind.DRIFT, case="p · m · o · s", why="because"):
    return Finding(kind=kind, case=case, what="final cost", was="1.5", now="2.5", by="+6.7e-01 of it", why=why)


def timed(outcome=Decision.SLOWER, optimizer="o", now=(3.0, 3.1), was=(2.0, 2.1), why="1.49 × as long, p = 0.17"):
    return StepComparison(optimizer, was, now, outcome, why)


def explained(change=STALLED, case="p · m · o · s", what="status", was="stalled", now="budget"):
    """Advice of one finding that a changed rule explains."""
    one = Finding(kind=Kind.RULES, case=case, what=what, was=was, now=now, why=change.line, change=change)
    return RuleAdvice(change=change, findings=[one])


ADVICE = [explained(), explained(DEFAULT_LEARNING_RATE, "q · s", "optimizer", "o:lr=0.01", "o:lr=0.1")]
LINES = [
    "the rule of `stalled` changed with rules 2: 1 case; renew the baseline with gate --update --reason …",
    "the default lr changed with rules 2: 1 case (o:lr=0.01 → o:lr=0.1); renew the baseline with gate --update "
    "--reason …",
]

FINE = timed(Decision.FINE, "f", now=(2.0, 2.1), why="")
UNCLEAR = timed(Decision.INCONCLUSIVE, "u", now=(), why="the control differs")


@pytest.fixture
def report():
    def make(*findings, cases=("p · m · o · s", "q · s"), timing=None, **more):
        return Report(findings, cases, "s", "b.json", timing, **more)

    return make


def times(*compared, gates=True, **more):
    return TimingReport(compared, "main (0123)", gates, **more)


def in_junit(report):
    """Return the elements of the test cases of each test suite.

    The counts of the whole must be those of the parts.
    """
    root = ElementTree.fromstring(as_junit(report))
    parts = {suite.get("name"): {case.get("name"): [child.tag for child in case] for case in suite} for suite in root}
    for element in (root, *root):
        for name, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(element.get(name)) == len(list(element.iter(tag)))
    return parts


def test_the_table_has_a_row_for_each_finding_and_a_summary(report):
    heading, _, row, _, last = as_table(report(finding())).splitlines()
    assert heading.split("  ")[0] == "case"
    assert row.split() == "p · m · o final cost 1.5 2.5 +6.7e-01 of it because".split()
    assert last == "2 cases: 1 as committed, 1 drifted (s), compared with b.json"


def test_without_findings_it_is_one_line(report):
    assert as_table(report()) == "2 cases: 2 as committed (s), compared with b.json"


def test_advice_is_a_line_each_below_the_summary(report):
    assert as_table(report(advice=ADVICE)).splitlines() == [
        "2 cases: 0 as committed, 2 changed by rules alone (s), compared with b.json",
        *LINES,
    ]
    tables = as_table(report(finding(), advice=ADVICE[1:], timing=times(FINE))).split("\n\n")
    assert [table.splitlines()[0].split("  ")[0] for table in (tables[0], tables[2])] == ["case", "step time"]
    assert tables[1].splitlines()[1:] == LINES[1:]


def test_json_has_advice_apart_from_findings(report):
    document = json.loads(as_json(report(finding(), advice=ADVICE)))
    assert [one["kind"] for one in document["findings"]] == ["drift"]
    assert document["advice"][0] == {
        "rule": "the rule of `stalled`",
        "rules": 2,
        "now": STALLED.now,
        "cases": ["p · m · o · s"],
        "text": LINES[0],
    }
    assert json.loads(as_json(report()))["advice"] == []


def test_advice_fails_no_test_in_junit_and_is_what_it_says(report):
    made = report(advice=ADVICE)
    assert in_junit(made) == {"linbench gate": {"p · m · o · s": ["system-out"], "q · s": ["system-out"]}}
    texts = [element.text for element in ElementTree.fromstring(as_junit(made)).iter("system-out")]
    assert texts == [
        "p · m · o · s: status was stalled, is budget: the rule of `stalled` changed with rules 2",
        "q · s: optimizer was o:lr=0.01, is o:lr=0.1: the default lr changed with rules 2",
    ]
    assert in_junit(report(finding(), advice=ADVICE))["linbench gate"]["p · m · o · s"] == ["failure"]


def test_markdown_shows_advice_as_it_is(report):
    rendered = MarkdownIt().enable("table").render(as_markdown(report(advice=ADVICE)))
    assert [html.unescape(text) for text in re.findall(r"<p>(.*?)</p>", rendered)][1:] == LINES


def test_advice_is_a_warning_for_each_rule_after_all_errors(report):
    lines = annotations_of([finding()], advice=ADVICE)
    assert [line.partition(" ")[0] for line in lines] == ["::error", "::warning", "::warning"]
    assert lines[1] == f"::warning title=linbench gate%3A rules::{LINES[0]}"
    many = annotations_of([finding(case=str(number)) for number in range(9)], advice=ADVICE)
    assert many[-1] == "::warning title=linbench gate::and 2 more findings; see the summary of this step"


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
    parts = in_junit(report(finding(), finding(Kind.CRASH, "q · s"), cases=("a", "p · m · o · s")))
    assert parts == {"linbench gate": {"a": [], "p · m · o · s": ["failure"], "q · s": ["error"]}}


def test_step_times_are_a_second_table(report):
    before, timing, summary = as_table(report(timing=times(timed(), FINE, UNCLEAR))).split("\n\n")
    assert before == as_table(report())
    heading, _, *rows = timing.splitlines()
    assert heading.split("  ")[0] == "step time"
    assert [re.split(r"\s{2,}", row.strip()) for row in rows] == [
        ["o", "2.0", "3.0", "1.49 ×", "0.17", "slower", "1.49 × as long, p = 0.17"],
        ["f", "2.0", "2.0", "1.00 ×", "0.83", "fine"],
        ["u", "2.0", "–", "–", "–", "inconclusive", "the control differs"],
    ]
    assert summary == "step times of 3 optimizers against main (0123): 1 fine, 1 slower, 1 inconclusive"


def test_step_times_that_only_advise_say_so_and_why(report):
    timing = times(timed(), gates=False, note="they are of another machine")
    assert as_table(report(timing=timing)).endswith(
        "step times of 1 optimizer against main (0123): 1 slower; advice only; they are of another machine"
    )
    assert report(timing=timing).exit_code == 0


def test_json_holds_the_raw_step_times(report):
    document = json.loads(as_json(report(timing=times(timed(), UNCLEAR))))
    assert document["exit_code"] == 1
    assert [one["kind"] for one in document["findings"]] == ["slower", "inconclusive"]
    assert document["findings"][0]["what"] == "time of a step"
    assert document["timing"]["against"] == "main (0123)"
    slower, unclear = document["timing"]["optimizers"]
    assert (slower["was"], slower["is"], slower["outcome"]) == ([2.0, 2.1], [3.0, 3.1], "slower")
    assert (unclear["is"], unclear["ratio"], unclear["p"]) == ([], None, None)
    assert json.loads(as_json(report()))["timing"] is None


@pytest.mark.parametrize(
    ("one", "gates", "strict", "held"),
    [
        (FINE, True, False, []),
        (timed(), True, False, ["failure"]),
        (timed(), False, False, ["system-out"]),
        (UNCLEAR, True, False, ["skipped"]),
        (UNCLEAR, False, False, ["skipped"]),
        (UNCLEAR, True, True, ["error"]),
    ],
)
def test_junit_fails_where_a_step_time_fails_the_gate(report, one, gates, strict, held):
    made = report(timing=times(one, gates=gates), strict_timing=strict)
    assert in_junit(made)["linbench gate: step times"] == {one.optimizer: held}
    assert bool({"failure", "error"} & set(held)) == (made.exit_code != 0)


def test_junit_tells_a_comparison_that_was_impossible(report):
    made = report(timing=times(impossible="nothing is stored"))
    assert in_junit(made)["linbench gate: step times"] == {"step times": ["error"]}
    assert made.exit_code == 3


def test_markdown_has_a_table_only_where_there_are_rows(report):
    tables = [text.count("|---") > 0 for text in map(as_markdown, (report(), report(timing=times(impossible="no"))))]
    assert tables == [False, False]
    (rendered,) = (
        MarkdownIt()
        .enable("table")
        .render(as_markdown(report(timing=times(timed(), UNCLEAR))))
        .split("<h3>linbench gate</h3>")[1:]
    )
    cells = re.findall(r"<t[hd]>(.*?)</t[hd]>", rendered)
    assert cells == [
        *("step time", "was", "is", "ratio", "p", "verdict", "why"),
        *("o", "2.0", "3.0", "1.49 ×", "0.17", "slower", "1.49 × as long, p = 0.17"),
        *("u", "2.0", "–", "–", "–", "inconclusive", "the control differs"),
    ]


def test_markdown_fits_into_a_summary_and_says_what_it_leaves_out(report):
    many = [str(number) for number in range(MOST_ROWS + 7)]
    found = [finding(case=case) for case in many]
    text = as_markdown(report(*found, timing=times(*(timed(optimizer=optimizer) for optimizer in many))))
    assert text.count("… and 7 more") == 2
    assert len(text.encode()) < 2**20


@given(st.text(st.characters(exclude_categories=("Z", "C"))))
def test_markdown_shows_any_text_as_it_is(text):
    rendered = MarkdownIt().enable("table").render(f"| a |\n|---|\n| {escape(text)} |")
    (cell,) = re.findall(r"<td>(.*?)</td>", rendered)
    assert html.unescape(cell) == text


@pytest.mark.parametrize("write", [as_table, as_json, as_markdown, as_junit])
def test_hostile_text_breaks_no_report(report, write):
    timing = TimingReport([timed(optimizer=HOSTILE, why=HOSTILE)], HOSTILE, gates=False, note=HOSTILE)
    advice = [explained(DEFAULT_LEARNING_RATE, HOSTILE, "optimizer", HOSTILE, HOSTILE)]
    text = write(report(finding(case=HOSTILE, why=HOSTILE), timing=timing, advice=advice))
    text.encode()
    assert "\x1b" not in text
    if write is as_junit:
        assert len(list(ElementTree.fromstring(text).iter("testcase"))) == 4
    if write is as_markdown:
        assert "<script>" not in text
        rows = [line.replace(r"\|", "").count("|") for line in text.splitlines() if line.startswith("|")]
        assert rows == [7] * 3 + [8] * 3


def test_annotations_are_escaped_as_github_documents():
    assert annotation("error", "a:b,c", "100%\r\nx:y,z") == "::error title=a%3Ab%2Cc::100%25%0D%0Ax:y,z"


def test_there_are_at_most_ten_annotations_errors_first():
    found = [finding(Kind.ADVICE, str(number)) for number in range(8)]
    found += [finding(case=str(number)) for number in range(8)]
    lines = annotations_of(found)
    assert len(lines) == MOST
    assert all(line.startswith("::error ") for line in lines[:8])
    assert lines[-1] == "::warning title=linbench gate::and 7 more findings; see the summary of this step"
    assert len(annotations_of(found[:10])) == 10


def test_of_many_errors_what_was_found_out_comes_before_what_could_not_be_compared():
    found = [finding(Kind.NEW, str(number)) for number in range(20)]
    found += [finding(Kind.SLOWER), finding(Kind.CRASH), finding()]
    lines = annotations_of(found)
    titles = [re.match(r"::error title=linbench gate(?:%3A (\w+))?::", line)[1] for line in lines]
    assert titles == ["slower", "crash", "drift", *["new"] * 6, None]


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("kind", Kind)
def test_an_annotation_is_an_error_where_it_fails_the_step(report, kind, strict):
    (line,) = annotations_of([finding(kind)], strict)
    failed = report(finding(kind), strict_timing=strict).exit_code != 0
    assert line.startswith("::error " if failed else "::warning ")
