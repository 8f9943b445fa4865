"""The page docs/ecosystem.md, from what the survey found out."""

import platform
from collections import Counter

from benchmarks.ecosystem import by_hand
from benchmarks.ecosystem.attempt import COARSE, EPOCHS, MODELS, POINTS, TARGET
from benchmarks.ecosystem.packages import PACKAGES, exported, version
from benchmarks.ecosystem.reasons import REASONS, REMARKS

HEADERS = ("class", "runs", "engine", "needs", *MODELS, "remarks")
TOTALS = ("package", "version", "classes", "run", "batched", "serial", "skipped", "fail", "reach the target")

INTRODUCTION = """\
# The ecosystem

Every optimizer class that these packages export, trained by linbench as it is, named by its import path
(`linbench compare -o pytorch_optimizer.Lion`). Python {python}, torch {torch} on the CPU, a machine with 2 cores of an
AMD EPYC; `make bench-ecosystem` builds the environment (`benchmarks/ecosystem/requirements.txt`) and writes this page.
It takes an hour or two; `make bench-ecosystem ARGS='--package optimi'` runs a part, and what is done is not run again.

{totals}

What is counted is a class, whatever other names it has, in the package that it comes from. It *runs* if it trains at
least one of the two models; it is *skipped* where it refuses what a model has (matrices only, say), and *fails* where
something raises. *batched* and *serial* say which engine `auto` takes for two rates and both models; *batched* is what
at least one model is.
"""

HOW_TO_READ = """\
## How to read the tables

*needs* is what the loop has to do besides `zero_grad`, `backward`, `step`, found out by looking and trying
(`docs/plugins/optimizers.md` has the words), then what the constructor wants beyond parameters and an lr.
`linbench's pack` says that a declaration that comes with linbench builds it; the class itself is as it is.

`manual` and `linear` have the epochs until the relative gap is at most {target:g}, at the best of {points} learning
rates from 1e-4 to 10 (log-spaced, at most {epochs:,} epochs, float32, study-hours), and that rate; or, after a dash,
the smallest relative gap that any of them reached. Everything but the lr is as the class has it, weight decay and
warm-up included, so this is what one gets without reading on, and no ranking. Rates are run one after the
other by the serial engine, no longer than the best so far needed; slow classes get fewer, at least {coarse}, and the
remarks say how many.
"""

BY_HAND = """\
## Beside plain loops

Costs that linbench records in {epochs} epochs of `nn.Linear`, beside those of a loop written from the package's own
documentation (`benchmarks/ecosystem/loops.py`; `python -m benchmarks.ecosystem.by_hand` prints this table): the largest
relative difference over all epochs. Some classes compute in float32 whatever they are given, and heavyball is run so.
"""


def page(known, rows):
    """known: what `survey` found, by import path. rows: of `by_hand`."""
    packages = {package: of_package(package, known) for package in PACKAGES}
    parts = [
        INTRODUCTION.format(python=platform.python_version(), torch=version("torch.optim"), totals=totals(packages)),
        "## What does not run\n\n" + failures([found for package in packages.values() for found in package]),
        BY_HAND.format(epochs=by_hand.EPOCHS) + "\n" + table(rows, by_hand.HEADERS),
        HOW_TO_READ.format(target=TARGET, points=POINTS, epochs=EPOCHS, coarse=len(COARSE)),
        *(
            f"## {package} {version(package)}\n\n" + table(map(row, found), HEADERS)
            for package, found in packages.items()
        ),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def of_package(package, known):
    return [known[path] for name in exported(package) if (path := f"{package}.{name}") in known]


def table(rows, headers):
    """Markdown, not padded: columns as wide as their longest cell make unreadable differences."""
    cells = [headers, ["---"] * len(headers), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in cells
    )


def totals(packages):
    rows = [(package, version(package), *counts(found)) for package, found in packages.items()]
    every = counts([found for package in packages.values() for found in package])
    return table([*rows, ("**all**", "", *every)], TOTALS)


def counts(findings):
    states = Counter(state(found) for found in findings)
    engines = Counter(engine(found) for found in findings if state(found) == "runs")
    reached = sum(any(run["epochs_to_target"] is not None for run in found["tries"]) for found in findings)
    return (
        len(findings),
        states["runs"],
        engines["batched"],
        engines["serial"],
        states["skipped"],
        states["no"],
        reached,
    )


def state(found):
    if found["runs"]:
        return "runs"
    statuses = {run["status"] for run in found.get("first", {}).values()}
    return "skipped" if statuses == {"skipped"} else "no"


def engine(found):
    """`batched` if any case was trained so in the first run."""
    used = {run["engine"] for run in found.get("first", {}).values() if run["status"] not in ("error", "skipped")}
    return "batched" if "batched" in used else "serial" if used else ""


def failures(findings):
    missing = [found for found in findings if state(found) != "runs"]
    return table([(f"`{found['path']}`", state(found), why_not(found)) for found in missing], ("class", "", "why"))


def why_not(found):
    said = found.get("refused") or "; ".join(dict.fromkeys(reasons(found).values())) or found["end"]
    said = said.replace("`", "'")
    explained = REASONS.get(found["path"])
    return f"{explained} (`{said}`)" if explained else said


def reasons(found):
    """By model, why it was not trained in the first run."""
    return {
        model: run["reason"]
        for model, run in found.get("first", {}).items()
        if run["status"] in ("error", "skipped") and run["reason"]
    }


def row(found):
    name = found["path"].rpartition(".")[2]
    runs = state(found)
    used = engine(found) if runs == "runs" else ""
    return name, runs, used, ", ".join(found.get("needs", ())), *(cell(found, m) for m in MODELS), remarks(found)


def cell(found, model):
    """`62 (lr 1.1)`, or a dash with the smallest gap."""
    runs = [run for run in found["tries"] if run["model"] == model]
    reached = [run for run in runs if run["epochs_to_target"] is not None]
    if reached:
        best = min(reached, key=lambda run: run["epochs_to_target"])
        rate = "" if best["lr"] is None or len(runs) == 1 else f" (lr {best['lr']:.2g})"
        return f"{best['epochs_to_target']}{rate}"
    gaps = [run["relative_gap"] for run in runs if run["relative_gap"] is not None]
    return f"– {min(gaps):.0e}" if gaps else "–"


def remarks(found):
    if state(found) != "runs":
        return why_not(found)
    return "; ".join(dict.fromkeys(remark for remark in every_remark(found) if remark))


def every_remark(found):
    if found["others"]:
        yield f"also {', '.join(found['others'])}"
    yield REMARKS.get(found["path"])
    yield from (f"{model}: {reason}" for model, reason in reasons(found).items())
    warned = Counter(warning for run in found["tries"] for warning in run["warnings"])
    still = sum(warned.pop(warning) for warning in list(warned) if warning.startswith("the cost never changed"))
    yield from warned
    if still:
        yield f"parameters did not move in {still} of {len(found['tries'])} runs"
    raised = [run for run in found["tries"] if run["status"] == "error"]
    if raised:
        yield f"{len(raised)} of {len(found['tries'])} runs raise ({raised[0]['reason']})"
    rates = len({run["lr"] for run in found["tries"]})
    if found.get("lr") and rates < POINTS:
        yield f"{rates} rates"
    if found.get("lr") is False:
        yield "takes no lr"
    if found["end"] != "done":
        yield f"ended early: {found['end']}"


def one_line(found):
    """For a person who waits."""
    what = why_not(found) if not found["runs"] else " ".join(cell(found, model) for model in MODELS)
    return f"{found['path']:45} {state(found):8}{engine(found):8} {found['seconds']:6.1f} s  {what}"
