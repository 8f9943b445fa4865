"""What stands below the notes of a comparison over seeds: a table of running times and its reading in words."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from benchmarks.truth.claims import Row, named_rows
from benchmarks.truth.digits import NOTHING, is_shown, number

if TYPE_CHECKING:
    from benchmarks.truth.sample import Run

MEANING = "expected running time: epochs of all runs ÷ runs that reached the target, with a 95% bootstrap interval"

_CELL = re.compile(r"(?P<value>\S+?)(?: \[(?P<low>\S+), (?P<high>\S+)\])?")


def check_below(text: str, rows: Sequence[Row], statistics: object) -> Iterator[tuple[str, str, str | None]]:
    """Yield the kind, the words and what is false in them."""
    seeds = {run.record.seed for row in rows for run in row.runs}
    if not text:
        if (
            len(seeds) > 1
            and len(rows) <= 12
            and any(run.record.status.value != "skipped" for row in rows for run in row.runs)
        ):
            yield "seeds: table", "", "the table over seeds is missing"
        return
    table, _, lines = text.partition("\n\n")
    cells = [[cell.strip() for cell in line.split("\t")] for line in table.splitlines()]
    for line in cells[1:]:
        yield from _check_line(dict(zip(cells[0], line, strict=True)), rows)
    meaning, *sentences = lines.split("\n")
    yield "seeds: meaning", meaning, None if meaning == MEANING else "an unknown sentence"
    for sentence in sentences:
        yield from _check_sentence(sentence, rows)
    for entry in statistics if isinstance(statistics, list) else []:
        yield "json: statistics", entry["optimizer"], _entry_fault(entry, rows)


def _ran(row: Row) -> list[Run]:
    return [run for run in row.runs if run.record.status.value != "skipped"]


def times(row: Row) -> list[float]:
    """Return the epochs to the target of each run that was not skipped, infinite where it did not get or stay there."""
    return [run.record.epochs_to_target if run.record.status.value == "converged" else math.inf for run in _ran(row)]


def reached(row: Row) -> int:
    return sum(map(math.isfinite, times(row)))


def running_time(row: Row) -> float:
    """Return the epochs of all runs, those that did not arrive charged in full, over the runs that arrived."""
    spent = sum(
        time if math.isfinite(time) else run.record.epochs for time, run in zip(times(row), _ran(row), strict=True)
    )
    return spent / reached(row) if reached(row) else math.inf


def _is_same_run(row: Row) -> bool:
    runs = _ran(row)
    if len(runs) < 2 or any(not run.trained for run in runs):
        return False
    if row.first.record.batch_size is not None and not all(np.isfinite(float(run.gap)) for run in runs):
        return False  # batches come in another order from each seed, and an overflow shows nothing of it
    return all(
        np.array_equal(run.costs[[0, -1]], runs[0].costs[[0, -1]], equal_nan=True)
        and np.array_equal(run.theta, runs[0].theta, equal_nan=True)
        and run.truth is runs[0].truth
        for run in runs
    )


def _quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile by linear interpolation; infinite where it lies next to an infinite value."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    return below if below == above else math.inf if math.isinf(above) else below + (place % 1) * (above - below)


def _check_line(line: dict[str, str], rows: Sequence[Row]) -> Iterator[tuple[str, str, str | None]]:
    name = f"{line['over seeds']} {line['model']}" if "model" in line else line["over seeds"]
    ((row, _),) = named_rows(name, rows)
    found, runs = times(row), _ran(row)
    yield (
        "seeds: reached",
        line["reached"],
        None if line["reached"] == f"{reached(row)}/{len(runs)}" else f"{reached(row)}",
    )
    quartiles = line["epochs: quartiles"].split(" ")
    right = [_quantile(found, share) for share in (0.25, 0.5, 0.75)]
    fine = all(_is_count(text, value) for text, value in zip(quartiles, right, strict=True))
    yield "seeds: quartiles", line["epochs: quartiles"], None if fine else f"they are {right}"
    extremes = line["min–max"]
    if extremes == NOTHING:
        fine = math.isinf(min(found))
    else:
        low, _, high = extremes.partition("–")
        fine = is_shown(low, min(found)) and is_shown(high, max(found))
    yield "seeds: min–max", extremes, None if fine else f"they are {found}"
    cell = _CELL.fullmatch(line["expected running time"])
    fault = "no number"
    if cell is not None:
        value = running_time(row)
        fault = None if is_shown(cell["value"], value) else f"it is {value!r}"
        if fault is None and cell["low"]:
            fault = _interval_fault(row, number(cell["low"]), number(cell["high"]))
    yield "seeds: running time", line["expected running time"], fault


def _is_count(text: str, value: float) -> bool:
    """A count, or one between two counts to one decimal."""
    return text == NOTHING if math.isinf(value) else abs(number(text) - value) <= 0.05 + 1e-9


def _interval_fault(row: Row, low: float, high: float) -> str | None:
    """The interval holds the value, and it is that of resampling: by an own bootstrap its tails have the stated share.

    The expanded percentile interval leaves Φ(−√(n/(n − 1))·t) on either side, t Student's 97.5% quantile.
    """
    from scipy.stats import norm, t

    if not low <= running_time(row) * (1 + 1e-3) or not running_time(row) <= high * (1 + 1e-3):
        return f"it does not hold {running_time(row)}"
    n = len(_ran(row))
    tail = norm.cdf(-math.sqrt(n / (n - 1)) * t.ppf(0.975, n - 1))
    spent = np.array(
        [time if math.isfinite(time) else run.record.epochs for time, run in zip(times(row), _ran(row), strict=True)]
    )
    drawn = np.random.default_rng(12345).integers(n, size=(20_000, n))
    arrived = np.isfinite(times(row))[drawn].sum(1)
    with np.errstate(divide="ignore"):
        ratios = spent[drawn].sum(1) / arrived
    below, above = (ratios < low * (1 - 1e-3)).mean(), (ratios > high * (1 + 1e-3)).mean()
    allowed = tail + 5 * math.sqrt(tail / 10_000) + 1e-3
    return (
        None
        if below <= allowed and above <= allowed
        else f"{below:.4f} of resamples are below, {above:.4f} above; {tail:.4f} may be"
    )


def _entry_fault(entry: dict, rows: Sequence[Row]) -> str | None:
    ((row, _),) = named_rows(f"{entry['optimizer']} {entry['model']}", rows)
    found = times(row)
    if entry["runs"] != len(found) or entry["reached"] != reached(row):
        return f"{reached(row)} of {len(found)} arrived"
    if not found:
        return None
    shares = {"minimum": 0, "lower_quartile": 0.25, "median": 0.5, "upper_quartile": 0.75, "maximum": 1}
    for name, share in shares.items():
        value, right = entry["epochs"][name], _quantile(found, share)
        if (value is None) != math.isinf(right) or (value is not None and abs(value - right) > 1e-9 * right + 1e-9):
            return f"{name} of epochs is {right}"
    time = running_time(row)
    if (entry["expected_running_time"] is None) != math.isinf(time) or (
        math.isfinite(time) and abs(entry["expected_running_time"] - time) > 1e-9 * time
    ):
        return f"the running time is {time}"
    if entry["success_interval"] is not None:
        low, high = binomtest(reached(row), len(found)).proportion_ci()
        if abs(entry["success_interval"][0] - low) + abs(entry["success_interval"][1] - high) > 1e-6:
            return f"the success rate is between {low} and {high}"
    return None


def _check_sentence(text: str, rows: Sequence[Row]) -> Iterator[tuple[str, str, str | None]]:
    models = {row.first.record.model for row in rows}
    rest, mine = text, [row for row in rows if _ran(row)]
    if len(models) > 1:
        setting = re.fullmatch(r"\S+, (manual|linear|Started): (.*)", text)
        if setting is None:
            yield "seeds: sentence", text, "the setting is not named"
            return
        mine, rest = [row for row in mine if row.first.record.model == setting[1]], setting[2]
        rows = [row for row in rows if row.first.record.model == setting[1]]
    for kind, form, checker in _FORMS:
        match = form.fullmatch(rest)
        if match is not None:
            try:
                yield f"seeds: {kind}", text, checker(match, mine if kind not in ("raised", "skipped") else rows)
            except ValueError as error:
                yield f"seeds: {kind}", text, str(error)
            return
    yield "seeds: unknown", text, "a sentence of no known form"


def _row(name: str, rows: Sequence[Row]) -> Row:
    ((row, _),) = named_rows(name, rows)
    return row


def _names(text: str) -> list[str]:
    return re.split(r", | and ", text)


def _counts_fault(match, rows) -> str | None:
    for piece in re.split(r", (?=\S+ in \d)", match["counts"]):
        found = re.fullmatch(r"(\S+)(?: reached the target)? in (\d+) of (\d+)(?: runs?)?", piece)
        if found is None:
            return f"not understood: {piece!r}"
        row = _row(found[1], rows)
        if (int(found[2]), int(found[3])) != (reached(row), len(_ran(row))):
            return f"{found[1]} arrived in {reached(row)} of {len(_ran(row))}"
    return None


def _rates_fault(match, rows) -> str | None:
    for piece in match["rates"].split(", "):
        name, _, interval = piece.rpartition(" ")
        row = _row(name, rows)
        low, high = (float(end.rstrip("%")) / 100 for end in interval.split("–"))
        exact = binomtest(reached(row), len(_ran(row))).proportion_ci()
        if abs(low - exact.low) > 0.00501 or abs(high - exact.high) > 0.00501 or _is_same_run(row):
            return f"{name}: {exact.low} to {exact.high}"
    return None


def _no_median_fault(match, rows) -> str | None:
    named = {id(_row(name, rows)) for name in _names(match["names"])}
    right = {id(row) for row in rows if math.isinf(_quantile(times(row), 0.5)) and len(_ran(row)) > 1}
    return None if named == right else "others have no median"


def _work_fault(match, rows) -> str | None:
    for piece in match["counts"].split(", "):
        name, _, shown = piece.rpartition(" ")
        runs = _ran(_row(name, rows))
        work = sum(run.record.evaluations for run in runs) / sum(run.record.epochs_run for run in runs)
        if not is_shown(shown, work, 0.005 * work if "e" in shown else 0.0) and abs(float(shown) / work - 1) > 0.005:
            return f"{name} has {work}"
    return None


def _same_fault(match, rows) -> str | None:
    named = {id(_row(name, rows)) for name in _names(match["names"])}
    right = {id(row) for row in rows if _is_same_run(row)}
    return None if named == right else "others gave the same run"


def _pairs(rows: Sequence[Row]) -> dict[tuple[int, int], tuple[int, int, int, float]]:
    """Return for each pair of rows wins, losses, ties by seed, and p of the sign test after Holm's adjustment."""
    found, tested = {}, []
    for a, b in itertools.combinations(rows, 2):
        one, other = (
            {run.record.seed: time for run, time in zip(_ran(row), times(row), strict=True)} for row in (a, b)
        )
        shared = [(one[seed], other[seed]) for seed in one if seed in other]
        wins, losses = sum(x < y for x, y in shared), sum(x > y for x, y in shared)
        p = binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
        exact = _is_same_run(a) and _is_same_run(b)
        found[id(a), id(b)] = [wins, losses, len(shared) - wins - losses, p]
        if len(shared) > 1 and not exact:
            tested.append((id(a), id(b)))
    highest = 0.0
    for place, key in enumerate(sorted(tested, key=lambda key: found[key][3])):
        highest = max(highest, min(1.0, (len(tested) - place) * found[key][3]))
        found[key][3] = highest
    result = {key: tuple(value) for key, value in found.items()}
    return result | {(b, a): (losses, wins, ties, p) for (a, b), (wins, losses, ties, p) in result.items()}


def _faster_fault(match, rows) -> str | None:
    pairs, row, shown = _pairs(rows), _row(match["name"], rows), 0.0
    for found in re.finditer(r"(\S+) \(on (\d+) of (\d+) seeds(?:, (\d+) tied)?\)", match["others"]):
        wins, losses, ties, p = pairs[id(row), id(_row(found[1], rows))]
        if wins <= losses or (int(found[2]), int(found[3]), int(found[4] or 0)) != (wins, wins + losses + ties, ties):
            return f"it is faster than {found[1]} on {wins} seeds, slower on {losses}, {ties} tied"
        shown = max(shown, p)
    return None if shown <= 0.05 and abs(shown / float(match["p"]) - 1) <= 0.05 else f"p is {shown}"


def _exactly_fault(match, rows) -> str | None:
    row = _row(match["name"], rows)
    others = [_row(name, rows) for name in _names(match["others"])]
    fine = all(_is_same_run(one) for one in (row, *others)) and all(min(times(row)) < min(times(one)) for one in others)
    return None if fine else "it is not"


def _yet_fault(match, rows) -> str | None:
    row = _row(match["name"], rows)
    others = [_row(name, rows) for name in _names(match["others"])]
    return None if all(running_time(one) < running_time(row) for one in others) else "it costs less"


def _never_fault(match, rows) -> str | None:
    return None if all(reached(_row(name, rows)) == 0 for name in _names(match["names"])) else "one did reach it"


def _equal_fault(match, rows) -> str | None:
    every = [times(_row(name, rows)) for name in _names(match["names"])]
    return None if all(one == every[0] for one in every) else f"they took {every}"


def _no_difference_fault(match, rows) -> str | None:
    pairs, members = _pairs(rows), [_row(name, rows) for name in _names(match["names"])]
    for a, b in itertools.combinations(members, 2):
        wins, losses, _, p = pairs[id(a), id(b)]
        if wins != losses and (p <= 0.05 or (_is_same_run(a) and _is_same_run(b))):
            return "two of them differ"
    return None


def _too_few_fault(match, rows) -> str | None:
    count, fewest = int(match["count"]), int(match["fewest"])
    several = [row for row in rows if len(_ran(row)) > 1]
    tested = sum(not (_is_same_run(a) and _is_same_run(b)) for a, b in itertools.combinations(several, 2))
    least = next(n for n in range(1, 99) if tested * 2 * 0.5**n <= 0.05)
    return None if (count, fewest) == (tested, least) else f"{tested} comparisons need {least}"


def _raised_fault(match, rows) -> str | None:
    statuses = [run.record.status.value for run in _row(match["name"], rows).runs]
    return None if statuses.count("error") == int(match["count"]) else f"{statuses}"


def _skipped_fault(match, rows) -> str | None:
    statuses = [run.record.status.value for run in _row(match["name"], rows).runs]
    return None if statuses.count("skipped") == int(match["count"]) else f"{statuses}"


_FORMS: list[tuple[str, re.Pattern[str], Callable[[re.Match, Sequence[Row]], str | None]]] = [
    (
        "raised",
        re.compile(r"(?P<name>\S+): (?P<count>\d+) runs? of \d+ raised, counted as not arriving"),
        _raised_fault,
    ),
    ("skipped", re.compile(r"(?P<name>\S+): (?P<count>\d+) runs? skipped, counted nowhere"), _skipped_fault),
    (
        "counts",
        re.compile(r"(?P<counts>\S+ reached the target in \d+ of \d+ runs?(?:, \S+ in \d+ of \d+)*)"),
        _counts_fault,
    ),
    (
        "success rates",
        re.compile(r"by that, the success rate over seeds may be, with 95%: (?P<rates>.+)"),
        _rates_fault,
    ),
    (
        "no median",
        re.compile(r"no median of epochs to target for (?P<names>.+): half of the runs or more did not get there"),
        _no_median_fault,
    ),
    (
        "work",
        re.compile(r"epochs do not compare the work done, for evaluations of the cost per epoch are: (?P<counts>.+)"),
        _work_fault,
    ),
    (
        "same run",
        re.compile(r"every seed gave the same run of (?P<names>.+): one observation of one start, not several"),
        _same_fault,
    ),
    (
        "faster",
        re.compile(
            r"(?P<name>\S+) is faster than (?P<others>.+), p ≤ (?P<p>\S+) \(sign test, adjusted for all pairs\)"
        ),
        _faster_fault,
    ),
    (
        "faster, exactly",
        re.compile(r"(?P<name>\S+) is faster than (?P<others>.+) from this start, exactly; no other was seen"),
        _exactly_fault,
    ),
    (
        "faster, yet",
        re.compile(
            r"(?P<name>\S+) is faster than (?P<others>.+) on most seeds, yet costs more epochs per success, "
            "because of its slow or failed runs"
        ),
        _yet_fault,
    ),
    (
        "never reached",
        re.compile(r"(?P<names>.+) never reached the target: their epochs say nothing of which is better"),
        _never_fault,
    ),
    ("tie", re.compile(r"(?P<names>.+) took the same number of epochs from every seed: a tie"), _equal_fault),
    (
        "no difference",
        re.compile(r"no difference between (?P<names>.+) can be claimed from (?:\d+–)?\d+ seeds?"),
        _no_difference_fault,
    ),
    (
        "too few seeds",
        re.compile(
            r"(?P<count>\d+) comparisons? cannot yield a claim from fewer than (?P<fewest>\d+) seeds "
            "that all agree"
        ),
        _too_few_fault,
    ),
]
