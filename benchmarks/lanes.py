"""What one run costs among many: lanes → µs per run and step, ready to plot. `python -m benchmarks.lanes`."""

import time

import torch

from linbench.comparison import lr_of, specs_of
from linbench.core.engines.lane_training import train_lanes
from linbench.core.observer import Observer
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.plugins.manager import load_plugins

EPOCHS, REPEATS = 200, 5
LANES = [1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000]
OPTIMIZERS = ["sgd", "adam", "rmsprop"]


def microseconds_per_step(optimizer, lanes):
    """The median over `REPEATS` trainings of a step of all lanes."""
    plan = make_plan(
        load_plugins().catalog,
        problems=specs_of("study-hours"),
        devices=specs_of("cpu"),
        models=specs_of("manual"),
        optimizers=specs_of(optimizer),
        lr=lr_of(f"1e-4..1e-1@{lanes}" if lanes > 1 else "0.01"),
        settings=Settings(epochs=EPOCHS),
    )
    cases, workbench = list(plan), Workbench()
    setups = [workbench.setup(case) for case in cases]
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        train_lanes(cases, setups, Observer())
        times.append((time.perf_counter() - start) / EPOCHS * 1e6)
    return sorted(times)[REPEATS // 2]


if __name__ == "__main__":
    torch.set_num_threads(1)
    print("lanes," + ",".join(OPTIMIZERS))
    for lanes in LANES:
        cells = (f"{microseconds_per_step(optimizer, lanes) / lanes:.4g}" for optimizer in OPTIMIZERS)
        print(f"{lanes}," + ",".join(cells), flush=True)
