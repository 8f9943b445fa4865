"""What real processes do to a store: killed at any moment, out of space, without permission, several at once."""

import json
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of Unix")

NOBODY = 65534

# A superuser may write anywhere; only once everything is imported does the process become somebody else.
DROP = """
import os
if len(sys.argv) > {position} and os.geteuid() == 0:
    os.setgid({nobody})
    os.setuid({nobody})
"""

# Adds records without end, or as many as asked for, and says after each how many are committed for sure.
WRITE = """
import hashlib, itertools, json, os, sys
from pathlib import Path
from linbench.core.outcome.record import Record, Status
from linbench.store.contents import RecordContents
from linbench.store.writer import NewRun, Writer
{drop}
path, count, batch = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
asked = RecordContents().to_json()
names = dict(command="[]", linbench="0.1.0", torch="2", environment="{}", asked=asked, problems='["p"]')
writer = Writer(path, NewRun(**names, optimizers='["sgd"]', planned=count), lambda record: record.seed)
for seed in range(count) if count else itertools.count():
    key = hashlib.sha256(f"{os.getpid()} {seed}".encode()).hexdigest()
    writer.add(Record(key, "p", "m", "sgd", {"lr": 0.1}, "cpu", "float32", seed, 9, None, 1e-6, "serial",
                      Status.BUDGET, final_cost=float(seed)))
    if seed % batch == batch - 1:
        writer.flush()
        print(writer.written, flush=True)
writer.close("done")
print(json.dumps([writer.written, writer.failure]))
""".replace("{drop}", DROP.format(position=4, nobody=NOBODY))


def started(path, *further, count=0, batch=7, **options):
    return subprocess.Popen(
        [sys.executable, "-c", WRITE, path, str(count), str(batch), *further],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.sampled(keep=3)
@pytest.mark.parametrize("acknowledged", [0, 7, 70, 700, 7000])
def test_a_killed_process_loses_nothing_that_was_acknowledged(path, store, write, keyed, acknowledged):
    if acknowledged == 0:
        write([keyed()])  # so that there is a store if it dies before it has made one
    with started(path) as process:
        said = 0
        while said < acknowledged:
            said = int(process.stdout.readline())
        process.kill()
        said = max([said, *map(int, process.stdout.read().splitlines())])
    assert process.returncode == -signal.SIGKILL
    run = store.run()
    found = list(store.records(run))
    assert len(found) == run.records >= said
    if acknowledged:
        assert [record.seed for record in found] == list(range(len(found)))
        assert (run.outcome, run.ended) == (None, None)
    write([keyed()])
    assert store.run().records == 1


def test_several_processes_that_write_at_once_all_get_through(path, store):
    processes = [started(path, count=400, batch=3) for _ in range(4)]
    ends = [process.communicate(timeout=60) for process in processes]
    assert [json.loads(out.splitlines()[-1]) for out, _ in ends] == [[400, None]] * 4
    assert [err for _, err in ends] == [""] * 4
    runs = store.runs()
    assert [run.records for run in runs] == [400] * 4
    assert all(len(list(store.records(run))) == 400 for run in runs)


def test_a_disk_that_fills_up_keeps_what_was_written_before(path, store):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    with started(path, count=5_000, batch=100, preexec_fn=limited) as process:
        *_, end = process.stdout.read().splitlines()
    written, failure = json.loads(end)
    assert failure in ("the disk is full", "the disk cannot be written or read")
    assert 0 < written < 5_000
    run = store.run()
    assert run.records == len(list(store.records(run))) == written


def test_a_disk_that_is_full_before_anything_is_written_is_a_line(path):
    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    with started(path, count=1, preexec_fn=limited) as process:
        error = process.stderr.read().splitlines()[-1]
    assert error.startswith(f"linbench.core.errors.StoreError: the store {path} cannot be used: the disk ")


@pytest.fixture
def powerless():
    """A folder that every user can reach, and that only a superuser can write to once it is `locked`."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)
        Path(name).chmod(0o755)


def locked(folder):
    for path in folder.iterdir():
        path.chmod(stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)
    folder.chmod(0o555)


def test_a_folder_that_cannot_be_written_to_is_a_line(powerless):
    locked(powerless)
    with started(powerless / "runs.sqlite", "powerless", count=1) as process:
        error = process.stderr.read().splitlines()[-1]
    assert error.endswith(f"the store {powerless}/runs.sqlite cannot be used: it cannot be opened for writing")


READ = """
import sys
from linbench.store import reader  # all that it needs: nobody may not read where Python itself lies
from linbench.store.store import Store
{drop}
store = Store(sys.argv[1])
print([store.run().records, len(list(store.records(store.run())))])
""".replace("{drop}", DROP.format(position=2, nobody=NOBODY))


def test_a_store_that_is_read_only_can_be_read_and_says_so_when_it_is_written(powerless):
    path = powerless / "runs.sqlite"
    with started(path, count=5) as process:
        process.stdout.read()
    locked(powerless)
    with started(path, "powerless", count=1) as process:
        error = process.stderr.read().splitlines()[-1]
    assert error.startswith(f"linbench.core.errors.StoreError: the store {path} cannot be used: it ")
    reader = subprocess.run(
        [sys.executable, "-c", READ, path, "powerless"], capture_output=True, text=True, check=False
    )
    assert (reader.stdout, reader.stderr) == ("[5, 5]\n", "")
