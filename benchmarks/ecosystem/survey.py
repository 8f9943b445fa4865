"""Every optimizer class of many packages, each in a process of its own. usage: python -m benchmarks.ecosystem.survey"""

import contextlib
import json
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from multiprocessing.connection import wait
from pathlib import Path

import click
import torch

from benchmarks.ecosystem import by_hand, page
from benchmarks.ecosystem.attempt import attempt
from benchmarks.ecosystem.packages import PACKAGES, exported

DONE = Path(tempfile.gettempdir()) / "linbench-ecosystem.jsonl"
PAGE = Path(__file__).parents[2] / "docs" / "ecosystem.md"

fork = multiprocessing.get_context("fork")


@click.command()
@click.option("--package", "packages", multiple=True, help="Only these packages; no page is written.")
@click.option("--only", multiple=True, help="Only classes with these names; no page is written.")
@click.option("--done", default=DONE, type=click.Path(path_type=Path), help="What is finished, one class a line.")
@click.option("--again", is_flag=True, help="Run what did not run the last time once more.")
@click.option("--limit", default=120.0, help="Seconds a class may take.")
@click.option("--output", default=PAGE, type=click.Path(path_type=Path))
def main(packages, only, done, again, limit, output):
    """Survey all packages, or some; classes that the file --done has already are not run again."""
    prepare()
    known = read(done)
    for package in packages or PACKAGES:
        for name, others in exported(package).items():
            if only and name not in only:
                continue
            path = f"{package}.{name}"
            if path in known and not (again and not known[path]["runs"]):
                continue
            known[path] = finding(path, others, limit)
            write(done, known[path])
            print(page.one_line(known[path]), file=sys.stderr, flush=True)
    if packages or only:
        return
    if "by hand" not in known:
        known["by hand"] = {"path": "by hand", "rows": by_hand.measured()}
        write(done, known["by hand"])
    output.write_text(page.page(known, known["by hand"]["rows"]))


def prepare():
    """One thread, one compiler; linbench imported whole before anything is forked."""
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")
    torch.set_num_threads(1)
    import linbench

    linbench.compare("sgd,adam", lr="[0.01,0.1]", epochs=20, timing=False)


def finding(path, others, limit):
    """What became of one class; a class that hangs or crashes is cut off, and what was known by then is kept."""
    start = time.monotonic()
    pieces, end = in_own_process(path, limit)
    found = {"path": path, "others": others, "end": end, "runs": False, "tries": []}
    for piece in pieces:
        if "run" in piece:
            found["tries"].append(piece["run"])
        else:
            found.update(piece)
    found["runs"] = any(run["status"] not in ("error", "skipped") for run in found.get("first", {}).values())
    found["seconds"] = round(time.monotonic() - start, 1)
    return found


def in_own_process(path, limit):
    """The pieces that came through the pipe, and how it ended: `done`, `time limit` or what it died of."""
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=in_child, args=(path, sending))
    child.start()
    sending.close()
    pieces, deadline = [], time.monotonic() + limit
    while (left := deadline - time.monotonic()) > 0 and wait([receiving], left):
        try:
            pieces.append(receiving.recv())
        except EOFError:
            break
    else:
        stop(child)
        return pieces, "time limit"
    child.join(5)
    stop(child)
    crashed = pieces[-1].get("crash") if pieces else None
    return pieces, crashed or ("done" if child.exitcode == 0 else f"exit {child.exitcode}")


def in_child(path, sending):
    os.setsid()
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    try:
        for piece in attempt(path):
            sending.send(piece)
    except BaseException as error:  # whatever a class does is a result
        sending.send({"crash": f"{type(error).__name__}: {error}"})
    sending.close()
    os._exit(0)


def stop(child):
    """End it and what it started, such as compilers."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.join()


def read(file):
    """The last line of each class."""
    lines = file.read_text().splitlines() if file.exists() else []
    return {found["path"]: found for found in map(json.loads, lines)}


def write(file, found):
    with file.open("a") as lines:
        lines.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
