"""What the gate found, for people and for programs."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from tabulate import tabulate

from linbench.core.gate.finding import Finding, Kind, exit_code, printable

SCHEMA = 1
"""Version of the JSON report."""

COLUMNS = ("what", "was", "is", "by", "why it counts")

MOST_ROWS = 500
"""Rows of the Markdown table: a step's summary may have 1 MiB."""

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
    """cases: the labels of all that were looked at. suite: the end that the labels of the suite share."""

    findings: Sequence[Finding]
    cases: Sequence[str]
    suite: str
    baseline: str

    @property
    def exit_code(self) -> int:
        """That of the command."""
        return exit_code(self.findings)

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
    table = tabulate(rows, ("case", *COLUMNS), disable_numparse=True) if rows else ""
    return f"{table}\n\n{_last_line(report)}".lstrip()


def as_json(report: Report) -> str:
    """`{"schema", "baseline", "suite", "exit_code", "cases": N, "findings": [{…}]}`."""
    findings = [
        {"kind": one.kind.value, "case": one.case, "what": one.what, "was": one.was, "is": one.now}
        | {"by": one.by, "why": one.why}
        for one in report.findings
    ]
    content = {
        "schema": SCHEMA,
        "baseline": report.baseline,
        "suite": report.suite,
        "exit_code": report.exit_code,
        "cases": len(report.cases),
        "findings": findings,
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def as_markdown(report: Report) -> str:
    """A heading, the summary, and a table where there is something to tell."""
    lines = ["### linbench gate", "", escaped(_last_line(report))]
    if report.findings:
        lines += ["", f"| case | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 1) + "|"]
    for one in report.findings[:MOST_ROWS]:
        lines.append("| " + " | ".join(map(escaped, (report.short(one.case), *_values(one)))) + " |")
    if len(report.findings) > MOST_ROWS:
        lines += ["", f"… and {len(report.findings) - MOST_ROWS} more"]
    return "\n".join(lines)


def as_junit(report: Report) -> str:
    """One test case for each label: drift is a failure; a crash, and what cannot be compared, an error."""
    by_case: dict[str, list[Finding]] = {label: [] for label in report.cases}
    for one in report.findings:
        by_case.setdefault(one.case, []).append(one)
    codes = [exit_code(found) for found in by_case.values()]
    failures, errors = sum(code == 1 for code in codes), sum(code > 1 for code in codes)
    counts = {"tests": str(len(codes)), "failures": str(failures), "errors": str(errors)}
    suites = ElementTree.Element("testsuites", counts)
    suite = ElementTree.SubElement(suites, "testsuite", {"name": "linbench gate", **counts})
    for (label, found), code in zip(by_case.items(), codes, strict=True):
        case = ElementTree.SubElement(suite, "testcase", {"classname": "linbench.gate", "name": printable(label)})
        if code:
            worst = next(one for one in found if exit_code([one]) == code)
            element = ElementTree.SubElement(
                case, "failure" if code == 1 else "error", {"type": worst.kind.value, "message": str(worst)}
            )
            element.text = "\n".join(map(str, found))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode")


def escaped(text: str) -> str:
    """The text as Markdown shows it literally, on one line and in a cell of a table."""
    return _MARKDOWN.sub(r"\\\1", html.escape(printable(text), quote=False))


FORMATS = {"table": as_table, "json": as_json, "markdown": as_markdown, "junit": as_junit}


def _values(one: Finding) -> tuple[str, ...]:
    return one.what, one.was, one.now, one.by, one.why


def _last_line(report: Report) -> str:
    return f"{report.summary} ({report.suite}), compared with {report.baseline}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
