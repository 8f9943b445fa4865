"""linbench beside its peers, whole processes taking turns. usage: table.py PEER_PYTHON"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from tabulate import tabulate

from benchmarks.processes import BARE, LINBENCH, process

ROUNDS = 5
JAX_SWEEP = str(Path(__file__).parent / "jax_sweep.py")


def timed(run):
    start = time.perf_counter()
    memory = run()
    return time.perf_counter() - start, memory


def compared(name, ours, theirs, rounds=ROUNDS):
    """One row: both medians, the median of the ratios round by round, and both peaks of memory."""
    ours(), theirs()  # warm: file caches, byte code
    pairs = [(timed(ours), timed(theirs)) for _ in range(rounds)]
    seconds, peer_seconds = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
    ratio = statistics.median(a[0] / b[0] for a, b in pairs)
    memory, peer_memory = (max(pair[i][1] for pair in pairs) for i in (0, 1))
    return name, f"{seconds:.2f}", f"{peer_seconds:.2f}", f"{ratio:.2f}", f"{memory:.0f}", f"{peer_memory:.0f}"


def main(peer_python):
    headers = ("what", "linbench s", "peer s", "ratio", "linbench MiB", "peer MiB")
    with tempfile.TemporaryDirectory() as folder:
        file = f"{folder}/records"

        def sweep(lanes):
            # Only records are asked for, as the peer makes: no step times.
            options = [
                "--lr",
                f"1e-4..1e-1@{lanes}",
                "-m",
                "manual",
                "--no-timing",
                "--format",
                "json",
                "--output",
                file,
            ]
            return process(LINBENCH, "compare", "-o", "sgd,adam,rmsprop", *options)

        rows = [
            compared("6 runs; a plain PyTorch script", process(LINBENCH, "compare"), process(*BARE)),
            *(
                compared(
                    f"3 x {lanes:,} runs; JAX + optax", sweep(lanes), process(peer_python, JAX_SWEEP, str(lanes), file)
                )
                for lanes in (1_000, 10_000)
            ),
        ]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main(sys.argv[1])
