"""The sentence of each kind of note. Numbers that are compared show as many digits as make them differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from linbench.core.outcome.note import Note, NoteKind
from linbench.results.table.numbers import compact, significant

MOST_NAMES = 4

MUCH_SLOWER = 1.02
"""The ratio to the epochs at the best lr from which on a run is called slower."""


def sentence(note: Note) -> str:
    """Return a note in words, one line."""
    return _SENTENCES[note.kind](note)


def _optimum(note: Note) -> str:
    where = ""
    if "W" in note.values:
        bias = f", b = {compact(note.values['b'])}" if note.values.get("intercept", True) else ""
        where = f" at W = {compact(note.values['W'])}{bias}"
    sets = f", over {note.values['data_sets']} data sets" if note.values["data_sets"] > 1 else ""
    return (
        f"{note.about[0]}: optimum cost {_range(note.values['optimum_cost'], 5)}{where}; "
        f"condition number {_range(note.values['condition_number'], 3)}; "
        f"gradient descent is stable up to lr {_range(note.values['largest_stable_lr'], 4)}{sets}"
    )


def _not_unique(note: Note) -> str:
    rank = f"rank {_integers(note.values['rank'])} of {note.values['columns']}"
    return f"{note.about[0]}: the optimum is not unique ({rank}); the one of minimum norm is meant"


def _optimum_at_zero(note: Note) -> str:
    return f"{note.about[0]}: zero parameters are the optimum, so a gap has nothing to be relative to"


def _target(note: Note) -> str:
    targets = " or ".join(f"{target:g}" for target in note.values["targets"])
    return f"epochs and time are those until the relative gap is at most {targets}; gap is cost above the optimum"


def _default_rates(note: Note) -> str:
    rates = ", ".join(f"{name} {lr:g}" for name, lr in note.values["rates"].items())
    return f"learning rates that nobody set are defaults, and differ: {rates}; --lr sets one for all"


def _diverged(note: Note) -> str:
    reasons = note.values["reason"] if isinstance(note.values["reason"], list) else [note.values["reason"]]
    why = reasons[0] if len(reasons) == 1 else "the cost became non-finite, or ended far above its start"
    return f"{summarize_labels(note.about)}: diverged, {why}{_lr_clause(note)}"


def _rising(note: Note) -> str:
    return f"{summarize_labels(note.about)}: the cost is rising{_lr_clause(note)}"


def _lr_clause(note: Note) -> str:
    ratio = note.values.get("lr_ratio")
    if ratio is None or ratio == []:
        return ""
    return f"; lr is {_times(ratio)} the largest stable one"


def _oscillates(note: Note) -> str:
    who = summarize_labels(note.about)
    return f"{who}: oscillates, for lr is 2/L: the error along the largest curvature only changes its sign"


def _converged(note: Note) -> str:
    values = {name: _first(value) for name, value in note.values.items()}
    text = "converged at the predicted rate" if values.get("as_predicted") else "converged"
    best, epochs = values.get("epochs_at_best_lr"), values["epochs"]
    if best and epochs > MUCH_SLOWER * best:
        text += f", {_ratio(epochs / best)}× slower than gradient descent at its best lr for this start"
    elif values.get("krylov_limit"):
        text += f", with {_ratio(values['evaluations'] / values['krylov_limit'])}× the gradients of the Krylov limit"
    return f"{summarize_labels(note.about)}: {text}{_rate_clause(note)}"


def _rate_clause(note: Note) -> str:
    measured, predicted = _first(note.values.get("measured_rate")), _first(note.values.get("predicted_rate"))
    if measured is None:
        return ""
    text = f"; distance to the optimum × {measured:.5g} per epoch"
    return text if predicted is None else f"{text}, predicted × {predicted:.5g}"


def _left(note: Note) -> str:
    return f"reached the target but did not stay within ten times of it: {summarize_labels(note.about)}"


def _never_moved(note: Note) -> str:
    return f"{summarize_labels(note.about)}: its cost never changed: its steps are zero, or too small for it to show"


def _rounded_steps(note: Note) -> str:
    return f"{summarize_labels(note.about)}: stalled where its steps are smaller than {note.values['dtype']} rounding"


def _noise_floor(note: Note) -> str:
    dtype = note.values["dtype"]
    return f"{summarize_labels(note.about)}: stalled at the {dtype} noise floor, where its gradient is all rounding"


def _ridge(note: Note) -> str:
    return (
        f"{summarize_labels(note.about)}: arrived at the ridge optimum that its weight decay asks for, "
        f"at a gap of {_range(note.values['gap'], 3)} from the least-squares one"
    )


def _stalled(note: Note) -> str:
    return f"{summarize_labels(note.about)}: stalled at a gap of {_range(note.values['gap'], 2)}{_rate_clause(note)}"


def _hovers(note: Note) -> str:
    low, high = _least(note.values["low"]), _most(note.values["high"])
    around, extent = _range(note.values["median"], 2), f"{significant(low, 2)} to {significant(high, 2)}"
    who = summarize_labels(note.about)
    return f"{who}: hovers around gap {around} ({extent}), as steps of this size on batches do"


def _under_way(note: Note) -> str:
    epochs, needed = note.values["epochs"], note.values["predicted_epochs"]
    return (
        f"on its way as predicted after {_most(epochs)} epochs: {summarize_labels(note.about)}; "
        f"the target is predicted at epoch {_predicted_epochs(needed)}, so raise --epochs"
    )


def _descending(note: Note) -> str:
    return f"still descending after {_most(note.values['epochs'])} epochs: {summarize_labels(note.about)}"


def _swinging(note: Note) -> str:
    best = note.values["best_epoch"]
    seen = "" if best is None else f"; best at epoch {_integers(best)}"
    return f"still moving after {_most(note.values['epochs'])} epochs: {summarize_labels(note.about)}{seen}"


def _same_runs(note: Note) -> str:
    return f"{first_names(note.about)}: every seed gives the same run, since neither start nor data depend on it"


def _noisy_times(_: Note) -> str:
    return "step times vary by 10% or more: the machine is busy, compare them with care"


def _left_out(note: Note) -> str:
    what, them = ("W and b are", "them") if note.values.get("intercept", True) else ("W is", "it")
    return f"{what} left out to fit {note.values['width']} columns; json and csv have {them}"


def _reason(what: str) -> Callable[[Note], str]:
    return lambda note: f"{what}: {first_names(note.about)}: {note.values['reason']}"


_SENTENCES: Mapping[NoteKind, Callable[[Note], str]] = {
    NoteKind.OPTIMUM: _optimum,
    NoteKind.NOT_UNIQUE: _not_unique,
    NoteKind.OPTIMUM_AT_ZERO: _optimum_at_zero,
    NoteKind.TARGET: _target,
    NoteKind.DEFAULT_RATES: _default_rates,
    NoteKind.DIVERGED: _diverged,
    NoteKind.RISING: _rising,
    NoteKind.OSCILLATES: _oscillates,
    NoteKind.CONVERGED: _converged,
    NoteKind.LEFT: _left,
    NoteKind.NEVER_MOVED: _never_moved,
    NoteKind.ROUNDED_STEPS: _rounded_steps,
    NoteKind.NOISE_FLOOR: _noise_floor,
    NoteKind.RIDGE: _ridge,
    NoteKind.STALLED: _stalled,
    NoteKind.HOVERS: _hovers,
    NoteKind.UNDER_WAY: _under_way,
    NoteKind.DESCENDING: _descending,
    NoteKind.SWINGING: _swinging,
    NoteKind.SAME_RUNS: _same_runs,
    NoteKind.NOISY_TIMES: _noisy_times,
    NoteKind.LEFT_OUT: _left_out,
    NoteKind.ERROR: _reason("error"),
    NoteKind.SKIPPED: _reason("skipped"),
    NoteKind.WARNING: _reason("warning"),
}


def summarize_labels(labels: Iterable[str]) -> str:
    """Return a few names by themselves, many as a count per optimizer."""
    labels = list(labels)
    if len(labels) <= MOST_NAMES:
        return ", ".join(labels)
    specs = [label.partition(" (")[0] for label in labels]
    counts = Counter(spec.partition(":")[0].partition(" ")[0] for spec in specs)
    text = ", ".join(f"{count} settings of {name}" if count > 1 else f"1 of {name}" for name, count in counts.items())
    return text if specs == labels else f"{text} (not all of them from every seed)"


def first_names(names: Iterable[str]) -> str:
    """Return the first few names, and how many more there are."""
    names = list(names)
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _range(value: Any, digits: int) -> str:
    """Return a number, or the lowest and the highest of several where they differ in what is shown."""
    texts = list(dict.fromkeys(significant(one, digits) for one in (value if isinstance(value, list) else [value])))
    return " to ".join(texts)


def _first(value: Any) -> Any:
    """Return a value, or the first of several runs of which the same is said."""
    return value[0] if isinstance(value, list) else value


def _integers(value: Any) -> str:
    texts = [f"{one:,}" for one in (value if isinstance(value, list) else [value])]
    return " to ".join(dict.fromkeys(texts))


def _predicted_epochs(value: Any) -> str:
    """Return predicted epochs; beyond a million rounded, since the last digits hang on those of the curvatures."""
    texts = [
        f"{one:,}" if one <= 1_000_000 else f"{one:.2e}" for one in (value if isinstance(value, list) else [value])
    ]
    return " to ".join(dict.fromkeys(texts))


def _least(value: Any) -> float:
    return float(min(value)) if isinstance(value, list) else float(value)


def _most(value: Any) -> Any:
    return max(value) if isinstance(value, list) else value


def _times(ratio: Any) -> str:
    """Return ratios above 1 as `1.8 ×`, with as many digits as tell them from 1."""
    ratios = ratio if isinstance(ratio, list) else [ratio]
    return " to ".join(dict.fromkeys(tell_from_one(one) for one in ratios)) + " ×"


def tell_from_one(ratio: float, digits: int = 3) -> str:
    """Return so many digits, more where they would read 1."""
    while digits < 17 and float(f"{ratio:.{digits}g}") == 1 != ratio:
        digits += 1
    return f"{ratio:.{digits}g}"


def _ratio(ratio: float) -> str:
    """Return two digits, more where they would read 1, without an exponent for what a person still reads."""
    if 0.9 < ratio < 1.1:
        return tell_from_one(ratio) if ratio != 1 else "1"
    return f"{ratio:.2g}" if ratio < 100 else f"{ratio:.0f}" if ratio < 10_000 else f"{ratio:.1e}"
