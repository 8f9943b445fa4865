"""Runs of linbench on a draw, with everything about them that is known without linbench."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn

import linbench
from benchmarks.truth.draw import Draw, as_tensor
from benchmarks.truth.recurrence import Method

if TYPE_CHECKING:
    from benchmarks.truth.exact import Truth

EPS = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}


@dataclass(eq=False)
class Run:
    """A record beside the truth about its problem and start."""

    record: linbench.Record
    truth: Truth
    start: np.ndarray

    def __post_init__(self) -> None:
        self.method = Method.of(self.record)
        self.eps = EPS[self.record.dtype]
        self.costs = np.array(self.record.trajectory.cost) if self.record.trajectory else np.array([])
        self._cache: dict[str, object] = {}

    def cached(self, name, compute):
        if name not in self._cache:
            self._cache[name] = compute()
        return self._cache[name]

    @property
    def trained(self) -> bool:
        return self.record.status.value not in ("error", "skipped")

    @property
    def theta(self) -> np.ndarray | None:
        """The final parameters, (p, m)."""
        if self.record.weight is None:
            return None
        return np.array([*self.record.weight, self.record.bias], dtype=np.float64)

    @property
    def gap(self):
        return self.cached("gap", lambda: self.truth.gap(self.theta))

    @property
    def parts(self) -> np.ndarray:
        return self.cached("parts", lambda: self.truth.start_parts(self.start))

    @property
    def target_gap(self):
        return self.record.target * self.truth.scale


def make_runs(draw: Draw) -> list[Run]:
    """Return the runs of a draw."""
    return runs_of(draw, draw.specs, draw.models, draw.seeds, draw.options)


def runs_of(draw: Draw, specs, models, seeds, options) -> list[Run]:
    """Train specs × models × seeds on a draw's problem."""
    tables = {seed: (as_tensor(truth.X), as_tensor(truth.y)) for seed, truth in draw.truths.items()}
    start = as_tensor(draw.start)

    def data(seed: int) -> linbench.Problem:
        return linbench.Problem(*tables[seed])

    class Started(nn.Module):
        def __init__(self, n_features: int, n_targets: int) -> None:
            super().__init__()
            self.W = nn.Parameter(start[:-1].float().clone())
            self.b = nn.Parameter(start[-1].float().clone())

        def forward(self, x):
            return x @ self.W + self.b

    by_seed = len({id(truth) for truth in draw.truths.values()}) > 1
    comparison = linbench.compare(
        list(specs),
        [Started if model == "started" else model for model in models],
        problems=data if by_seed else linbench.Problem(*tables[draw.seeds[0]]),
        seeds=list(seeds),
        timing=False,
        trajectories=True,
        **options,
    )
    return [Run(record, draw.truths[record.seed], start_of(record, draw)) for record in comparison.records]


def start_of(record, draw: Draw) -> np.ndarray:
    """Return the first parameters of a record's model, (p, m), as they are in its dtype."""
    dtype = getattr(torch, record.dtype)
    p, m = draw.start.shape
    if record.model == "manual":
        return np.zeros((p, m))
    if record.model == "linear":
        with torch.random.fork_rng():
            torch.manual_seed(record.seed)
            layer = nn.Linear(p - 1, m)
        theta = torch.cat([layer.weight.detach().T, layer.bias.detach()[None]])
    else:
        theta = as_tensor(draw.start).float()
    return theta.to(dtype).double().numpy()
