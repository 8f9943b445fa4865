"""The command line of the harness: `python -m benchmarks.truth --rows 10000 --seed 0 --jobs 2`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time

from benchmarks.truth.harness import Tally, check_draw, check_task


def main() -> int:
    """Run the harness; 1 where anything is false or unknown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.truth", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000, help="records to hold to the truth, at least")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--draw", type=int, help="this draw alone")
    parser.add_argument("--first", type=int, default=0, help="the first draw")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="no new draws after so many seconds")
    arguments = parser.parse_args()
    total = check_draw(arguments.draw, arguments.seed) if arguments.draw is not None else _many(arguments)
    if arguments.draw is not None:
        print(*total.findings, sep="\n")
    _report(total)
    return 1 if total.findings else 0


def _many(arguments) -> Tally:
    total, begun = Tally(), time.monotonic()
    tasks = ((number, arguments.seed) for number in range(arguments.first, 10**6))
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.jobs) as pool:
        while total.rows < arguments.rows and time.monotonic() - begun < arguments.seconds:
            batch = [next(tasks) for _ in range(3 * arguments.jobs)]
            for tally in pool.imap_unordered(check_task, batch, chunksize=1):
                for text in dict.fromkeys(map(str, tally.findings)):
                    print(text, flush=True)
                total.add(tally)
            print(
                f"… {total.rows} rows, {sum(total.checked.values())} checks, {len(total.findings)} false",
                file=sys.stderr,
                flush=True,
            )
    return total


def _report(total: Tally) -> None:
    print(f"{total.rows} rows (records) in {total.tables} tables")
    print(f"{'checked':>9}  {'false':>6}  kind")
    for kind in sorted(set(total.checked) | set(total.false)):
        print(f"{total.checked[kind]:>9}  {total.false[kind]:>6}  {kind}")
    print(f"{sum(total.checked.values()):>9}  {len(total.findings):>6}  in all")


if __name__ == "__main__":
    sys.exit(main())
