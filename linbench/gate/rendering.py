"""The report of a gate, for people and for programs."""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from tabulate import tabulate

from linbench.core.exit_code import ExitCode
from linbench.core.plural import plural
from linbench.gate.finding import Finding, Kind, exit_code, printable
from linbench.gate.timing.rendering import COLUMNS as TIMING_COLUMNS
from linbench.gate.timing.rendering import TimingReport

if TYPE_CHECKING:
    from linbench.gate.rules import RuleAdvice

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
    Kind.RULES: "changed by rules alone",
}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~-])")

_COUNTS = ("tests", "failures", "errors", "skipped")
_ELEMENTS: Mapping[ExitCode, str | None] = {
    ExitCode.DONE: None,
    ExitCode.FAILED: "failure",
    ExitCode.CANNOT_COMPARE: "error",
    ExitCode.CRASHED: "error",
    ExitCode.INCONCLUSIVE: "skipped",
}
"""The element of a test case, by the exit code that its findings ask for."""


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a gate. cases: the labels of all that were looked at. suite: the end that these labels share.

    findings: on convergence. advice: on what only changed rules of linbench's explain. timing: on step times, where
    they were asked for. strict_timing: inconclusive fails too.
    """

    findings: Sequence[Finding]
    cases: Sequence[str]
    suite: str
    baseline: str
    timing: TimingReport | None = None
    strict_timing: bool = False
    advice: Sequence[RuleAdvice] = ()

    @property
    def all_findings(self) -> list[Finding]:
        """The findings on convergence, then those on step times; without what changed rules explain."""
        return [*self.findings, *(self.timing.findings if self.timing is not None else [])]

    @property
    def explained(self) -> list[Finding]:
        """The findings that changed rules explain."""
        return [finding for one in self.advice for finding in one.findings]

    @property
    def exit_code(self) -> ExitCode:
        """The exit code of the command."""
        return exit_code(self.all_findings, self.strict_timing)

    @property
    def summary(self) -> str:
        """One line, `80 cases: 78 as committed, 2 drifted`."""
        findings = [*self.findings, *self.explained]
        kinds = Counter(kind for kind, _ in {(finding.kind, finding.case) for finding in findings})
        differing = {finding.case for finding in findings}
        parts = [f"{sum(label not in differing for label in self.cases)} as committed"]
        parts += [f"{kinds[kind]} {word}" for kind, word in _WORDS.items() if kinds[kind]]
        return f"{len(self.cases)} {plural('case', len(self.cases))}: {', '.join(parts)}"

    def short(self, label: str) -> str:
        """Return a label without the end that all of the suite share."""
        return label.removesuffix(f" · {self.suite}")


def as_table(report: Report) -> str:
    """Return a row for each finding, the summary, and a line for each changed rule that explains something."""
    rows = [[report.short(one.case), *_cells(one)] for one in report.findings]
    parts = [tabulate(rows, ("case", *COLUMNS), disable_numparse=True)] if rows else []
    parts.append("\n".join([_last_line(report), *(one.line() for one in report.advice)]))
    if report.timing is not None:
        times = report.timing.rows()
        parts += [tabulate(times, ("step time", *TIMING_COLUMNS), disable_numparse=True)] if times else []
        parts.append(report.timing.summary)
    return "\n\n".join(parts)


def as_json(report: Report) -> str:
    """Return `{"schema", "baseline", "suite", "exit_code", "cases": N, "findings": […], "advice": […], "timing"}`."""
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
        "advice": [one.to_dict() for one in report.advice],
        "timing": None if report.timing is None else report.timing.to_dict(),
    }
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)


def as_markdown(report: Report) -> str:
    """Return a heading, the summaries, and a table below each where there is something to tell."""
    rows = [(report.short(one.case), *_cells(one)) for one in report.findings]
    lines = ["### linbench gate", "", escape(_last_line(report))]
    for advice in report.advice:
        lines += ["", escape(advice.line())]
    lines += _markdown_table(("case", *COLUMNS), rows)
    if report.timing is not None:
        table = _markdown_table(("step time", *TIMING_COLUMNS), report.timing.rows())
        lines += ["", escape(report.timing.summary), *table]
    return "\n".join(lines)


def as_junit(report: Report) -> str:
    """Return a test case for each label, and one for the step time of each optimizer.

    Drift and slower are failures; a crash, and what cannot be compared, errors; inconclusive is skipped, or an error
    where it fails the gate; advice, and what only changed rules explain, is the output of a test that passes.
    """
    by_label = _by_label(report.cases, [*report.findings, *report.explained])
    suites = [_test_suite("linbench gate", "linbench.gate", by_label, _ELEMENTS)]
    if report.timing is not None:
        steps = _by_label([one.optimizer for one in report.timing.comparisons], report.timing.findings)
        elements = {**_ELEMENTS, ExitCode.INCONCLUSIVE: "error"} if report.strict_timing else _ELEMENTS
        suites.append(_test_suite("linbench gate: step times", "linbench.gate.timing", steps, elements))
    root = ElementTree.Element(
        "testsuites", {name: str(sum(int(one.get(name, 0)) for one in suites)) for name in _COUNTS}
    )
    root.extend(suites)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode")


FORMATS = {"table": as_table, "json": as_json, "markdown": as_markdown, "junit": as_junit}


def _cells(finding: Finding) -> tuple[str, ...]:
    """Return a cell for each of `COLUMNS`."""
    return finding.what, finding.was, finding.now, finding.by, finding.why


def _last_line(report: Report) -> str:
    return f"{report.summary} ({report.suite}), compared with {report.baseline}"


def _markdown_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    lines = ["", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(map(escape, row))} |" for row in rows[:MOST_ROWS]]
    return [*lines, "", f"… and {len(rows) - MOST_ROWS} more"] if len(rows) > MOST_ROWS else lines


def escape(text: str) -> str:
    """Return the text as Markdown shows it literally, on one line and in a cell of a table."""
    return _MARKDOWN.sub(r"\\\1", html.escape(printable(text), quote=False))


def _by_label(labels: Sequence[str], findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    by_label: dict[str, list[Finding]] = {printable(label): [] for label in labels}
    for finding in findings:
        by_label.setdefault(finding.case, []).append(finding)
    return by_label


def _test_suite(
    name: str, classname: str, by_label: Mapping[str, list[Finding]], elements: Mapping[ExitCode, str | None]
) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", {"name": name})
    outcomes: Counter[str | None] = Counter()
    for label, findings in by_label.items():
        case = ElementTree.SubElement(suite, "testcase", {"classname": classname, "name": label})
        code = exit_code(findings, strict_timing=True)
        element, text = elements[code], "\n".join(map(str, findings))
        outcomes[element] += 1
        if element is not None:
            worst = next(one for one in findings if exit_code([one], strict_timing=True) == code)
            details = {"type": worst.kind.value, "message": str(worst)}
            ElementTree.SubElement(case, element, details).text = text
        elif findings:
            ElementTree.SubElement(case, "system-out").text = text
    numbers = (len(by_label), outcomes["failure"], outcomes["error"], outcomes["skipped"])
    suite.attrib.update(zip(_COUNTS, map(str, numbers), strict=True))
    return suite
