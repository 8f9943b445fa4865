"""`linbench explain`: every line of its text, and the numbers of its JSON."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mpmath
import numpy as np
from click.testing import CliRunner

from benchmarks.truth.digits import is_shown
from benchmarks.truth.documents import is_near
from benchmarks.truth.exact import Truth, extended
from benchmarks.truth.recurrence import CLOSE, Method, is_best_epochs, krylov_epochs

Verdicts = Iterator[tuple[str, str, str | None]]


def check_explanation(truth: Truth, target: float, factor: float) -> Verdicts:
    """Yield the kind, the words and what is false in them, for what is explained of one target. factor: lr, in 2/L."""
    from linbench.cli.explain import command

    lr = float(factor * 2 / truth.L)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        d = truth.X.shape[1]
        rows = [",".join([*(f"x{i + 1}" for i in range(d)), "y"])]
        rows += [",".join(map(repr, [*x, *y])) for x, y in zip(truth.X.tolist(), truth.y.tolist(), strict=True)]
        path.write_text("\n".join(rows))
        arguments = [f"csv:path={path},target=y", "--target", repr(target), "--lr", repr(lr)]
        text = CliRunner().invoke(command, arguments, catch_exceptions=False).stdout
        document = json.loads(
            CliRunner().invoke(command, [*arguments, "--format", "json"], catch_exceptions=False).stdout
        )
    for line in text.splitlines():
        if line.strip():
            yield _check_line(line, truth, target, lr, document["predicted_epochs"])
    for name, entry in document["predicted_epochs"].items():
        if isinstance(entry, dict):
            fault = _prediction_fault(name, entry, truth, target)
            yield f"explain json: {name}", str(entry), fault
    for name, value in {
        "optimum_cost": truth.optimum_cost,
        "rank": truth.rank,
        "condition_number": truth.L / truth.mu,
    }.items():
        yield (
            f"explain json: {name}",
            str(document[name]),
            None if is_near(document[name], value) else f"it is {float(value)!r}",
        )


def _check_line(line: str, truth: Truth, target: float, lr: float, predictions: dict) -> tuple[str, str, str | None]:
    n, d, m = *truth.X.shape, truth.y.shape[1]
    kappa, (L, mu) = truth.L / truth.mu, (truth.L, truth.mu)
    rate = (kappa - 1) / (kappa + 1)
    fixed = {
        "least-squares optimum": truth.rank == d + 1,
        "least-squares optimum (not unique: the one of minimum norm)": truth.rank < d + 1,
        f"predicted epochs to a relative gap of {target:g}, from zero parameters": True,
    }
    if line in fixed:
        return "explain: heading", line, None if fixed[line] else "it is the other way"
    if (found := re.fullmatch(r"\S+: (\d+) rows, (\d+) features?, (\d+) targets?", line)) is not None:
        return "explain: sizes", line, None if tuple(map(int, found.groups())) == (n, d, m) else f"{(n, d, m)}"
    if (found := re.fullmatch(r"  (x(\d+)|intercept)  +(\S+)", line)) is not None:
        place = d if found[2] is None else int(found[2]) - 1
        value = truth.optimum[place][0]
        slack = 1e-11 * max(abs(float(row[0])) for row in truth.optimum)
        return "explain: optimum", line, None if _is_rounded(found[3], value, slack) else f"it is {float(value)!r}"
    name, _, shown = re.sub(r"  +", "\t", line.strip()).partition("\t")
    quantities = {
        "cost at the optimum": truth.optimum_cost,
        "cost at zero parameters": truth.zero_cost,
        "L, the largest": L,
        "μ, the smallest that is not zero": mu,
        "condition number κ = L/μ": kappa,
        "largest stable lr of gradient descent, 2/L": 2 / L,
        "its best fixed lr for the worst start, 2/(L + μ)": 2 / (L + mu),
    }
    if name in quantities:
        return (
            f"explain: {name}",
            line,
            None if _is_rounded(shown, quantities[name]) else f"it is {float(quantities[name])!r}",
        )
    if name == "rank of the data with intercept":
        return f"explain: {name}", line, None if shown == f"{truth.rank} of {d + 1}" else f"it is {truth.rank}"
    if name == "Hessian eigenvalues, 2/n · XᵀX":
        fine = all(map(_is_rounded, shown.split(", "), reversed(truth.curvatures)))
        return f"explain: {name}", line, None if fine else f"they are {[float(c) for c in truth.curvatures]}"
    if name == "distance to the optimum per epoch at that lr":
        value = shown.removeprefix("× ").partition(",")[0]
        if value.startswith("1 − "):
            fine = _is_rounded(value.removeprefix("1 − "), 1 - rate, digits=3) and f"{float(rate):.6g}" == "1"
        else:
            fine = _is_rounded(value, rate, 1e-15)
        return f"explain: {name}", line, None if fine else f"it is {mpmath.nstr(rate, 30)}"
    if name == "epochs per factor of ten in the gap":
        exact = mpmath.log(10) / (-2 * mpmath.log(rate)) if rate else 0
        return f"explain: {name}", line, None if _is_rounded(shown, exact) else f"it is {float(exact)!r}"
    return "explain: prediction", line, _prediction_line_fault(line, truth, target, lr, predictions)


def _is_rounded(text: str, value, slack: float = 0.0, digits: int = 4) -> bool:
    """Return whether `%.4g`, or one of more digits, shows a value: it writes no trailing zeros that would tell."""
    value = float(value)
    digits = max(digits, len(text.partition("e")[0].replace(".", "").lstrip("-0")))
    return abs(float(text) - value) <= 0.5001 * 10.0 ** (math.floor(math.log10(abs(value) or 1.0)) - digits + 1) + slack


_LINE = re.compile(
    r"  (?P<name>gradient descent|gradient descent, best for this start|gradient descent, best for the worst start"
    r"|heavy ball, best for the worst start|Nesterov|Nesterov, for quadratics"
    r"|the limit of all that step along gradients)"
    r"(?:, lr (?P<lr>\S+?))?(?:, momentum (?P<momentum>\S+))?  +(?P<epochs>\d+(?: to \d+)?"
    r"|about \S+(?: to \S+)?|\S+ or more|never|never: lr is 2/L"
    r"|(?:\d+, then )?diverges: lr is \S+ × 2/L)"
)


_KEYS = {
    "gradient descent": "gradient_descent_at_lr",
    "gradient descent, best for this start": "best_gradient_descent",
    "gradient descent, best for the worst start": "gradient_descent",
    "heavy ball, best for the worst start": "heavy_ball",
    "Nesterov": "nesterov",
    "Nesterov, for quadratics": "nesterov_for_quadratics",
    "the limit of all that step along gradients": "krylov_limit",
}


def _shown_fault(found: re.Match[str], entry: dict) -> str | None:
    """The epochs, the lr and the momentum of a line are those of an entry, rounded to the digits that it shows."""
    if "diverges" in found["epochs"] or found["epochs"].startswith("never"):
        known = found["epochs"].partition(",")[0]
        fine = entry["epochs"] == (int(known) if known.isdigit() else None)
    else:
        low, _, high = found["epochs"].removeprefix("about ").removesuffix(" or more").partition(" to ")
        right = entry.get("epochs_between") or [entry["epochs"]] * 2
        rounded = found["epochs"] != f"{low} to {high}" and found["epochs"] != low
        if (right[1] is None) != found["epochs"].endswith(" or more"):
            return f"JSON has {entry}"
        right = [right[0], right[0] if right[1] is None else right[1]]
        fine = all(
            _is_rounded(text, value, digits=3) if rounded else int(text) == value
            for text, value in zip((low, high or low), right, strict=True)
        )
    for name in ("lr", "momentum"):
        if found[name] is not None:
            value = float(re.search(rf"{name}=([^,]+)", entry["spec"])[1])
            fine &= _is_rounded(found[name], value, digits=6)
            fine &= name == "lr" or float(found[name]) < 1
    return None if fine else f"JSON has {entry}"


def _prediction_line_fault(line: str, truth: Truth, target: float, lr: float, predictions: dict) -> str | None:
    """The line shows the epochs of the JSON, which are held to the truth themselves, and the ratio of the lr to 2/L."""
    found = _LINE.fullmatch(line)
    if found is None:
        return "a line of no known form"
    fault = _shown_fault(found, predictions[_KEYS[found["name"]]])
    if fault is not None or found["name"] != "gradient descent":
        return fault
    parts = truth.start_parts(np.zeros((len(truth.optimum), truth.y.shape[1])))
    ratio = mpmath.mpf(lr) * truth.L / 2
    diverging = re.search(r"lr is (\S+) ×", found["epochs"])
    if diverging is not None and not is_shown(diverging[1], ratio):
        return f"lr is {mpmath.nstr(ratio, 20)} × 2/L"
    if found["epochs"].startswith(("never", "diverges")):
        gaps = Method(lr).gaps(truth.modes, parts, 20_000)
        reached = gaps <= extended(target * truth.scale) * (1 - CLOSE)
        return f"it is there at epoch {int(reached.argmax())}" if reached.any() else None
    return None


def _prediction_fault(name: str, entry: dict, truth: Truth, target: float) -> str | None:
    spec, epochs, between = entry.get("spec"), entry["epochs"], entry.get("epochs_between")
    theta = np.zeros((len(truth.optimum), truth.y.shape[1]))
    if name == "krylov_limit":
        exact = krylov_epochs(truth.nonzero, truth.gap_parts(theta)[-truth.rank :], target * truth.scale)
        return None if epochs == exact else f"conjugate gradients take {exact}"
    from benchmarks.truth.claims import parse_spec

    method = Method(**parse_spec(spec or "")[1])
    if epochs is None:
        gaps = method.gaps(truth.modes, truth.start_parts(theta), 20_000)
        reached = gaps <= extended(target * truth.scale) * (1 - CLOSE)
        return f"it is there at epoch {int(reached.argmax())}" if reached.any() else None
    goal = extended(target * truth.scale)
    best = name == "best_gradient_descent" and epochs < 10**6
    if best and not is_best_epochs(truth.modes, truth.start_parts(theta), goal, epochs):
        return "another lr is faster, or none is as fast"
    if between:
        return _between_fault(method, epochs, between, truth, target)
    return _epochs_fault(method, epochs, truth, target)


def _between_fault(method: Method, epochs: int, between: list[int | None], truth: Truth, target: float) -> str | None:
    """At the target at the last of these epochs, where there is a last, and not yet one before the first."""
    parts = truth.gap_parts(np.zeros((len(truth.optimum), truth.y.shape[1])))[-truth.rank :]
    goal, (low, high) = target * truth.scale, between
    if not low <= epochs <= (high or epochs):
        return f"{epochs} is not between them"
    if method.gap_at(truth.nonzero, parts, low - 1) <= goal:
        return "it is there before"
    late = high is not None and method.gap_at(truth.nonzero, parts, high) > goal
    return "it is not there yet" if late else None


def _epochs_fault(method: Method, epochs: int, truth: Truth, target: float) -> str | None:
    """At the target at that epoch and not one before; with momentum not at any epoch before, up to 20,000."""
    parts = truth.gap_parts(np.zeros((len(truth.optimum), truth.y.shape[1])))[-truth.rank :]
    goal = target * truth.scale
    slack = mpmath.mpf(10) ** -9
    if method.gap_at(truth.nonzero, parts, epochs) > goal * (1 + slack):
        return "it is not there yet"
    if epochs and method.gap_at(truth.nonzero, parts, epochs - 1) <= goal * (1 - slack):
        return "it is there before"
    if method.momentum:
        gaps = method.gaps(truth.modes, np.array([extended(part) for part in parts]), min(epochs, 20_000))[:epochs]
        early = gaps <= extended(goal) * (1 - CLOSE)
        return f"it is there at epoch {int(early.argmax())}" if early.any() else None
    return None
