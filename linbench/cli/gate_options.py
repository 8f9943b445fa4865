"""The options of `linbench gate` as typed values, and the check that they go together."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click

FORMATS = ("table", "json", "markdown", "junit")
TIMING = ("off", "advisory", "gate")


@dataclass(frozen=True, slots=True, kw_only=True)
class GateOptions:
    """The values of all options, by the names of the command's parameters. timing: None where the user gave none."""

    suite: Path | None
    baseline: Path
    only: str | None
    update: bool
    prune: bool
    reason: str | None
    against: str | None
    timing: Literal["off", "advisory", "gate"] | None
    strict_timing: bool
    jobs: int | None
    format_: Literal["table", "json", "markdown", "junit"]
    output: Path | None
    junit: Path | None
    store: Path | None
    no_store: bool
    plugins: tuple[str, ...]
    quiet: bool
    debug: bool

    @property
    def timing_mode(self) -> Literal["off", "advisory", "gate"]:
        """The weight of a slower step: it fails, is only told, or is not looked at."""
        return self.timing or ("gate" if self.against else "off")

    @property
    def times(self) -> Path:
        """The folder of stored step times."""
        return self.baseline.parent / "timing"


def check_options(options: GateOptions) -> None:
    """Raise click.UsageError for options that do not go together, and for an update in CI or without a reason."""
    if options.against is not None and options.timing_mode == "off":
        raise click.UsageError("--against compares step times, and --timing off does not.")
    if options.strict_timing and options.timing_mode != "gate":
        raise click.UsageError("--strict-timing is for --timing gate.")
    if options.update:
        _check_update(options)
    elif options.prune:
        raise click.UsageError("--prune is for --update.")
    elif options.reason:
        raise click.UsageError("--reason is for --update.")


def _check_update(options: GateOptions) -> None:
    if os.environ.get("CI"):
        raise click.UsageError("a baseline is not updated in CI, where nobody would see it: run --update and commit.")
    if not (options.reason or "").strip() or not (options.reason or "").isprintable():
        raise click.UsageError('--update needs a reason in one line: --reason "…".')
    given = {
        "--format": options.format_ != "table",
        "--junit": options.junit is not None,
        "--against": options.against is not None,
        "--strict-timing": options.strict_timing,
    }
    for option, is_given in given.items():
        if is_given:
            raise click.UsageError(f"{option} is for comparing, not for --update.")
