"""The built-in reporters."""

from __future__ import annotations

from linbench import Component, hookimpl

_DATA = "linbench.results.serialize"


@hookimpl
def linbench_reporters() -> list[Component]:
    """Return the table for people, and the formats for programs."""
    return [
        Component(
            "reporter",
            "table",
            "linbench.results.table.render:render",
            summary="A table with notes, for people; style=any tabulate format",
            parameters={"style": "simple", "show_all": False, "width": 100},
        ),
        Component("reporter", "json", f"{_DATA}:as_json", summary="One JSON document with environment and records"),
        Component("reporter", "jsonl", f"{_DATA}:as_jsonl", summary="One JSON record per line"),
        Component("reporter", "csv", f"{_DATA}:as_csv", summary="One row per record; parameters as JSON"),
    ]
