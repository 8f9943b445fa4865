"""The decisions of `benchmarks.gate.decisions` as a table: how many of them were slower, fine, inconclusive."""

from __future__ import annotations

import json
import statistics
import sys
from collections import Counter
from pathlib import Path

from scipy.stats import binomtest
from tabulate import tabulate

from benchmarks.gate.project import SLOWER


def main() -> None:
    decisions = [json.loads(line) for path in sys.argv[1:] for line in Path(path).read_text().splitlines()]
    outcomes: dict[tuple[float, bool], Counter[str]] = {}
    for decision in decisions:
        for one in decision["optimizers"]:
            slowed = SLOWER.get(one["optimizer"].partition(":")[0], 0.0) if decision["slower"] else 0.0
            outcomes.setdefault((slowed, decision["hog"]), Counter())[one["outcome"]] += 1
    rows = [_row(slowed, hog, counts) for (slowed, hog), counts in sorted(outcomes.items())]
    print(tabulate(rows, ["step", "machine", "decisions", "slower", "95%", "inconclusive"], tablefmt="github"))
    print()
    for slowed in (False, True):
        some = [decision for decision in decisions if decision["slower"] == slowed]
        if some:
            failed = sum(decision["exit"] == 1 for decision in some)
            seconds = statistics.median(decision["seconds"] for decision in some)
            kind = "with slower steps" if slowed else "of identical code"
            print(f"{len(some)} gates {kind}: {failed} failed; median {seconds:.0f} s")


def _row(slowed: float, hog: bool, counts: Counter[str]) -> list[object]:
    total, slower = counts.total(), counts["slower"]
    low, high = binomtest(slower, total).proportion_ci(method="exact")
    what = f"{slowed:.0%} slower" if slowed else "identical"
    machine = "a core kept busy" if hog else "as it was"
    return [what, machine, total, f"{slower} ({slower / total:.1%})", f"{low:.1%}–{high:.1%}", counts["inconclusive"]]


if __name__ == "__main__":
    main()
