"""The document of a report: its heading, the tables, cost curves, performance profiles, and their reading in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from linbench.results.report.curves import MOST_FIGURES, cost_figures
from linbench.results.report.figure import LOOKS
from linbench.results.report.markup import Markup, bullet_list, element, join, scroll_region
from linbench.results.report.profile_figure import profile_section
from linbench.results.report.style import STYLE
from linbench.results.statistics.times import MOST_PROFILED, profile_table
from linbench.results.table.notes import notes
from linbench.results.table.render import render
from linbench.results.table.rows import optimizer_label, rows_of
from linbench.results.table.seeds import seed_statistics

if TYPE_CHECKING:
    from linbench.core.outcome.record import Record

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""The content security policy: a browser loads and runs nothing, whatever a record may hold."""

_WIDTH = 100

_NO_COSTS = (
    "No cost curves: no cost was kept of these runs. Run them again with --trajectories "
    "(with --resume, only what is missing is trained)."
)

_NO_THEORY = (
    "No cost curves: these records came without the closed form of their problem, which the gap is relative to."
)


def render_report(records: Sequence[Record], facts: Mapping[str, str], title: str = "") -> str:
    """Return one self-contained HTML document, without scripts and without anything from elsewhere.

    facts: of the run, each under its name, for the heading. title: by default the problems that were compared.
    """
    problems = list(dict.fromkeys(record.problem for record in records))
    title = title or f"linbench: {_few(problems, 3)}"
    body = [
        element("header", element("h1", title), _definition_list({**_request_facts(records), **facts})),
        _section("Results", _results(records)),
        _section("Over seeds", _over_seeds(records)),
        _section("Cost curves", _costs(records)),
        _section("Performance profiles", _profiles(records)),
    ]
    head = [
        Markup('<meta charset="utf-8"/>'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'),
        Markup('<meta name="viewport" content="width=device-width, initial-scale=1"/>'),
        element("title", title),
        element("style", Markup(f"\n{STYLE}\n")),
    ]
    document = element("html", element("head", *head), element("body", element("main", *body)), lang="en")
    return f"<!DOCTYPE html>\n{document}"


def _section(heading: str, content: Markup) -> Markup:
    return element("section", element("h2", heading), content) if content else Markup()


def _definition_list(facts: Mapping[str, str]) -> Markup:
    pairs = [piece for name, value in facts.items() for piece in (element("dt", name), element("dd", value))]
    return element("dl", *pairs)


def _request_facts(records: Sequence[Record]) -> dict[str, str]:
    rows = rows_of(records)
    found = {
        "optimizers": _few(list(dict.fromkeys(row.label for row in rows))),
        "problems": _few(list(dict.fromkeys(record.problem for record in records))),
        "models": _few(list(dict.fromkeys(record.model for record in records))),
        "devices, dtypes": _few(list(dict.fromkeys(f"{record.device}, {record.dtype}" for record in records))),
        "seeds": str(len({record.seed for record in records})),
        "epochs, target": _few(list(dict.fromkeys(f"{r.epochs:,}, {r.target:g}" for r in records))),
    }
    return {name: text for name, text in found.items() if text}


def _results(records: Sequence[Record]) -> Markup:
    if not records:
        return element("p", "No runs.")
    return join([_tabulate_region(render(records, style="html"), "results"), bullet_list(notes(rows_of(records)))])


def _over_seeds(records: Sequence[Record]) -> Markup:
    # Problem by problem, so that there is a word on each of many optimizers; the meaning of the table comes once.
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.problem, []).append(record)
    pieces: list[Markup] = []
    for problem, members in list(found.items())[:MOST_FIGURES]:
        statistics = seed_statistics(members, "html", _WIDTH)
        if statistics is None:
            continue
        pieces += [] if pieces else [element("p", statistics.meaning)]
        pieces += [element("h3", problem)] if len(found) > 1 else []
        pieces += [_tabulate_region(statistics.table, f"{problem}, over seeds"), bullet_list(statistics.readings)]
    if pieces and len(found) > MOST_FIGURES:
        pieces.append(element("p", f"{len(found) - MOST_FIGURES} further problems are not described."))
    return join(pieces)


def _costs(records: Sequence[Record]) -> Markup:
    figures = cost_figures(records, _colours(records))
    if not figures:
        has_costs = any(record.trajectory is not None for record in records)
        return element("p", _NO_THEORY if has_costs else _NO_COSTS)
    return join(figures)


def _profiles(records: Sequence[Record]) -> Markup:
    tasks = profile_table(records)
    if tasks is None:
        return element(
            "p",
            "No profiles: they compare at least two optimizers on several problems, or at the several targets that "
            f"cost curves tell of (--trajectories), and at most {MOST_PROFILED} groups of runs.",
        )
    return profile_section(tasks, _colours(records))


def _colours(records: Sequence[Record]) -> dict[str, int]:
    """Return a colour for every optimizer, the same in every figure, in the order of the plan.

    Where there are more optimizers than looks, the fastest come first.
    """
    labels = dict.fromkeys(map(optimizer_label, records))
    if len(labels) > LOOKS:
        labels = dict.fromkeys(row.label for row in rows_of(records))
    return {label: number for number, label in enumerate(labels)}


def _tabulate_region(table: str, label: str) -> Markup:
    """Return a table of tabulate, which escapes its cells, with every range below its median."""
    columns = table.replace("<th ", '<th scope="col" ').replace("<th>", '<th scope="col">')
    return scroll_region(Markup(columns.replace(" [", "<br/>[")), label)


def _few(names: Sequence[str], most: int = 12) -> str:
    more = len(names) - most
    return "; ".join(names[:most]) + (f"; and {more} more" if more > 0 else "")
