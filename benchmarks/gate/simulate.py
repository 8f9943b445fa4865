"""What the gate's rule for step times does to processes that differ by chance: false alarms, and slowdowns seen.

    python -m benchmarks.gate.simulate

Values of processes are lognormal; noise is their standard deviation, relative.
"""

from __future__ import annotations

import random

from tabulate import tabulate

from linbench.gate.timing.decision import PROCESSES, Decision, compare_optimizer, confirm

NOISE = (0.015, 0.025, 0.04, 0.06, 0.1)
FACTORS = (1.0, 1.05, 1.10, 1.15, 1.25, 2.0)
DECISIONS = 5_000


def main() -> None:
    chance = random.Random(0)
    rows = [[f"{noise:.1%}", *(f"{slower(chance, factor, noise):.2%}" for factor in FACTORS)] for noise in NOISE]
    print(tabulate(rows, ["noise", *(f"× {factor:g}" for factor in FACTORS)], tablefmt="github", disable_numparse=True))


def slower(chance: random.Random, factor: float, noise: float) -> float:
    return sum(decision(chance, factor, noise) is Decision.SLOWER for _ in range(DECISIONS)) / DECISIONS


def decision(chance: random.Random, factor: float, noise: float) -> Decision:
    def measured() -> tuple[list[float], list[float]]:
        now, was = ([chance.lognormvariate(0, noise) for _ in range(PROCESSES)] for _ in range(2))
        return [value * factor for value in now], was

    first = compare_optimizer("optimizer", *measured())
    return (confirm(first, compare_optimizer("optimizer", *measured())) if first.suspect else first).outcome


if __name__ == "__main__":
    main()
