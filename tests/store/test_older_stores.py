"""A store that an earlier linbench wrote is read, and its records are taken for what they are.

`data/store-of-0.1.0.sqlite.gz` was written by commit ba3c832, before the modules of linbench moved to where they are.
"""

import functools
import gzip
from pathlib import Path

import pytest
import torch

import linbench
from linbench import Problem, Store
from linbench.core.request import settings as settings_module

WRITTEN = Path(__file__).parent / "data" / "store-of-0.1.0.sqlite.gz"

LINE = Problem(
    torch.tensor([[1.0], [2.0], [3.0], [5.0]], dtype=torch.float64),
    torch.tensor([1.0, 2.0, 2.5, 4.5], dtype=torch.float64),
)

COMPARISONS = [
    {"optimizers": "sgd:lr=[0.01,0.1],momentum=0.9,adam", "seeds": 2},
    {
        "optimizers": "sgd",
        "problems": [LINE, "synthetic:n=12,d=3"],
        "models": "linear",
        "batch_size": 2,
        "dtype": "float64",
    },
    {
        "optimizers": [torch.optim.Adam, functools.partial(torch.optim.SGD, lr=0.05, momentum=0.5)],
        "models": torch.nn.Linear,
    },
    {"optimizers": "krylov-limit,lbfgs", "models": "manual", "engine": "serial"},
]


@pytest.fixture
def older(tmp_path):
    """The path of a copy of the older store."""
    path = tmp_path / "runs.sqlite"
    path.write_bytes(gzip.decompress(WRITTEN.read_bytes()))
    return path


@pytest.fixture
def older_versions(older, monkeypatch):
    """Keys are made as with the versions of linbench and torch that wrote the store."""
    run = Store(older).run()
    monkeypatch.setattr(settings_module, "version_of", {"linbench": run.linbench, "torch": run.torch}.__getitem__)


def test_an_older_store_lists_its_runs_and_reads_their_records(older):
    runs = Store(older).runs()
    assert [(run.id, run.outcome, run.records) for run in runs] == [
        (4, "done", 2),
        (3, "done", 2),
        (2, "done", 2),
        (1, "done", 12),
    ]
    assert [len(list(Store(older).records(run))) for run in runs] == [2, 2, 2, 12]


@pytest.mark.parametrize(("request_", "run"), list(zip(COMPARISONS, (1, 2, 3, 4), strict=True)))
def test_records_keep_their_keys_where_modules_have_moved(older, older_versions, monkeypatch, request_, run):
    monkeypatch.setattr("linbench.core.running.runner.run", lambda *_: pytest.fail("something was trained anew"))
    expected = list(Store(older).records(Store(older).run(run)))
    resumed = linbench.compare(**request_, epochs=20, timing=False, store=older, resume=True)
    assert [record.key for record in resumed] == [record.key for record in expected]
