"""The annotations and the summary that `linbench gate` leaves under GitHub Actions; elsewhere it leaves none."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from linbench.gate.rendering import Report


def annotate_error(message: str) -> None:
    """Write an annotation for a gate that could not begin."""
    if _on_github():
        from linbench.gate.github import annotation

        click.echo(annotation("error", "linbench gate", message), err=True)


def annotate_report(report: Report) -> None:
    """Write the annotations of a report, and its Markdown into the summary of the step."""
    if not _on_github():
        return
    from linbench.gate.github import annotations_of
    from linbench.gate.rendering import as_markdown

    for line in annotations_of(report.all_findings, report.strict_timing, report.advice):
        click.echo(line, err=True)  # GitHub reads stderr too, and stdout is for the result
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{as_markdown(report)}\n")
    except OSError as error:
        click.echo(f"linbench: cannot write the summary of this step: {error.strerror}", err=True)


def _on_github() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"
