"""What the gate found, for people and for programs."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from tabulate import tabulate

from linbench.gate.finding import INCONCLUSIVE, Finding, Kind, exit_code, printable
from linbench.gate.timing.rendering import COLUMNS as TIMING_COLUMNS
from linbench.gate.timing.rendering import TimingReport

SCHEMA = 1
"""Version of the JSON report."""

COLUMNS = ("what", "was", "is", "by", "why it counts")

MOST_ROWS = 500
"""Rows of each table in Markdown: a step's summary may have 1 MiB."""

_WORDS = {
    Kind.DRIFT: "drifted",
    Kind.CRASH: "crashed",
    Kind.NEW: "new",
    Kind.REMOVED: "not in the suite any more",
    Kind.STALE: "stale",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~-])")


@dataclass(frozen=True, slots=True)
class Report:
    """cases: the labels of all that were looked at. suite: the end that the labels of the suite share.

    findings: on convergence. timing: on step times, where they were asked for. strict_timing: inconclusive fails too.
    """

    findings: Sequence[Finding]
    cases: Sequence[str]
    suite: str
    baseline: str
    timing: TimingReport | None = None
    strict_timing: bool = False

    @property
    def all_findings(self) -> list[Finding]:
        """Those on convergence, then those on step times."""
        return [*self.findings, *(self.timing.findings if self.timing is not None else [])]

    @property
    def exit_code(self) -> int:
        """That of the command."""
        return exit_code(self.all_findings, self.strict_timing)

    @property
    def summary(self) -> str:
        """`80 cases: 78 as committed, 2 drifted`."""
        kinds = Counter(kind for kind, _ in {(finding.kind, finding.case) for finding in self.findings})
        found = {finding.case for finding in self.findings}
        parts = [f"{sum(label not in found for label in self.cases)} as committed"]
        parts += [f"{kinds[kind]} {word}" for kind, word in _WORDS.items() if kinds[kind]]
        return f"{_count(len(self.cases), 'case')}: {', '.join(parts)}"

    def short(self, label: str) -> str:
        """A label without what all of the suite share."""
        return label.removesuffix(f" · {self.suite}")


def as_table(report: Report) -> str:
    """One row for each finding, and the summary."""
    rows = [[report.short(one.case), *_values(one)] for one in report.findings]
    parts = [tabulate(rows, ("case", *COLUMNS), disable_numparse=True)] if rows else []
    parts.append(_last_line(report))
    if report.timing is not None:
        rows = [list(row) for row in report.timing.rows()]
        parts += [tabulate(rows, ("step time", *TIMING_COLUMNS), disable_numparse=True)] if rows else []
        parts.append(report.timing.summary)
    return "\n\n".join(parts)


def as_json(report: Report) -> str:
    """`{"schema", "baseline", "suite", "exit_code", "cases": N, "findings": [{…}], "timing"}`."""
    findings = [
        {"kind": one.kind.value, "case": one.case, "what": one.what, "was": one.was, "is": one.now}
        | {"by": one.by, "why": one.why}
        for one in report.all_findings
    ]
    content = {
        "schema": SCHEMA,
        "baseline": report.baseline,
        "suite": report.suite,
        "exit_code": report.exit_code,
        "cases": len(report.cases),
        "findings": findings,
        "timing": None if report.timing is None else report.timing.to_dict(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def as_markdown(report: Report) -> str:
    """A heading, the summaries, and a table below each where there is something to tell."""
    rows = [(report.short(one.case), *_values(one)) for one in report.findings]
    lines = ["### linbench gate", "", escape(_last_line(report)), *_markdown_table(("case", *COLUMNS), rows)]
    if report.timing is not None:
        table = _markdown_table(("step time", *TIMING_COLUMNS), report.timing.rows())
        lines += ["", escape(report.timing.summary), *table]
    return "\n".join(lines)


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(map(escape, row))} |" for row in rows[:MOST_ROWS]]
    return [*lines, "", f"… and {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else lines


def as_junit(report: Report) -> str:
    """One test case for each label, and one for the step time of each optimizer.

    Drift and slower are failures; a crash, and what cannot be compared, errors; inconclusive is skipped, or an error
    where it fails the gate; advice is the output of a test that passes.
    """
    suites = [_suite("linbench gate", "linbench.gate", report.cases, report.findings, _ELEMENTS)]
    if report.timing is not None:
        labels = [one.optimizer for one in report.timing.compared]
        elements = {**_ELEMENTS, INCONCLUSIVE: "error"} if report.strict_timing else _ELEMENTS
        name, classname = "linbench gate: step times", "linbench.gate.timing"
        suites.append(_suite(name, classname, labels, report.timing.findings, elements))
    root = ElementTree.Element(
        "testsuites", {name: str(sum(int(one.get(name, 0)) for one in suites)) for name in _COUNTS}
    )
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


_COUNTS = ("tests", "failures", "errors", "skipped")
_ELEMENTS = {0: None, 1: "failure", 3: "error", 4: "error", INCONCLUSIVE: "skipped"}
"""What a test case holds, by the exit code that its findings ask for."""


def _suite(
    name: str, classname: str, labels: Sequence[str], findings: Sequence[Finding], elements: Mapping[int, str | None]
) -> ElementTree.Element:
    by_case: dict[str, list[Finding]] = {printable(label): [] for label in labels}
    for one in findings:
        by_case.setdefault(one.case, []).append(one)
    suite = ElementTree.Element("testsuite", {"name": name})
    outcomes: Counter[str | None] = Counter()
    for label, found in by_case.items():
        case = ElementTree.SubElement(suite, "testcase", {"classname": classname, "name": label})
        code = exit_code(found, strict_timing=True)
        outcomes[elements[code]] += 1
        if element := elements[code]:
            worst = next(one for one in found if exit_code([one], strict_timing=True) == code)
            told = ElementTree.SubElement(case, element, {"type": worst.kind.value, "message": str(worst)})
            told.text = "\n".join(map(str, found))
        elif found:
            ElementTree.SubElement(case, "system-out").text = "\n".join(map(str, found))
    numbers = (len(by_case), outcomes["failure"], outcomes["error"], outcomes["skipped"])
    suite.attrib.update(zip(_COUNTS, map(str, numbers), strict=True))
    return suite


def escape(text: str) -> str:
    """The text as Markdown shows it literally, on one line and in a cell of a table."""
    return _MARKDOWN.sub(r"\\\1", html.escape(printable(text), quote=False))


FORMATS = {"table": as_table, "json": as_json, "markdown": as_markdown, "junit": as_junit}


def _values(one: Finding) -> tuple[str, ...]:
    return one.what, one.was, one.now, one.by, one.why


def _last_line(report: Report) -> str:
    return f"{report.summary} ({report.suite}), compared with {report.baseline}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
