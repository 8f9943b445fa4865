"""How often `linbench gate --against` is wrong: many whole decisions on five optimizers, one line of JSON each.

python -m benchmarks.gate.decisions 100 --output null.jsonl             # identical code
python -m benchmarks.gate.decisions 100 --hog --output hog.jsonl        # and a process that keeps a core busy
python -m benchmarks.gate.decisions 40 --slower --output slower.jsonl   # steps slowed by 15%, 25% and 100%
python -m benchmarks.gate.summary null.jsonl hog.jsonl slower.jsonl
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.gate.project import linbench, make


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--slower", action="store_true")
    parser.add_argument("--hog", action="store_true")
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, asked.output.open("a") as output:
        folder = Path(name)
        make(folder, slower=asked.slower)
        for _ in range(asked.count):
            with hogging(asked.hog):
                decision = decide(folder)
            print(json.dumps(decision | {"slower": asked.slower, "hog": asked.hog}), file=output, flush=True)


def decide(folder: Path) -> dict[str, object]:
    start = time.monotonic()
    done = linbench(folder, "gate", "--against", "HEAD", "--format", "json")
    seconds = time.monotonic() - start
    if not done.stdout:
        raise SystemExit(done.stderr)
    optimizers = json.loads(done.stdout)["timing"]["optimizers"]
    return {"exit": done.returncode, "seconds": round(seconds, 1), "optimizers": optimizers}


@contextlib.contextmanager
def hogging(wanted: bool) -> Iterator[None]:
    """A process that does nothing but keep a core busy."""
    if not wanted:
        yield
        return
    hog = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        hog.kill()
        hog.wait()


if __name__ == "__main__":
    main()
