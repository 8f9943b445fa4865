"""Draws of problems and of what is run on them; the same for the same number."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from benchmarks.truth.exact import Truth

SHAPES = ("plain", "plain", "plain", "deficient", "wide", "constant", "duplicate", "scaled", "offset")

DTYPES = ("float64", "float64", "float32", "float32", "float32", "bfloat16", "float16")

EPOCHS = (20, 50, 50, 100, 100, 200, 200, 300, 300, 500, 1000)

LONG = 0.03
"""The share of draws of 2,000 epochs."""

FACTORS = (0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.5)
"""Learning rates, in units of 2/L."""


@dataclass(frozen=True, eq=False)
class Draw:
    """One comparison: its data by seed, its start, and the options of `linbench.compare`.

    start: (d + 1, m), the first parameters of the model `started`. specs: the optimizers.
    """

    number: int
    truths: dict[int, Truth]
    start: np.ndarray
    specs: tuple[str, ...]
    models: tuple[str, ...]
    options: dict[str, object] = field(default_factory=dict)

    @property
    def seeds(self) -> tuple[int, ...]:
        return tuple(self.truths)


def draw(number: int, master: int = 0) -> Draw:
    """Return draw `number` of a master seed."""
    rng = np.random.default_rng([master, number])
    seeds = (0,) if rng.random() < 0.5 else tuple(range(int(rng.integers(2, 7))))
    by_seed = len(seeds) > 1 and rng.random() < 0.5
    shape = _pick(rng, SHAPES)
    n, d, m = int(rng.integers(6, 40)), int(rng.integers(1, 6)), int(_pick(rng, (1, 1, 1, 2, 3)))
    kappa, y_scale = 10 ** rng.uniform(0, _pick(rng, (1, 3, 8))), _pick(rng, (1.0, 1.0, 1.0, 1e-6, 1e6))
    noise = _pick(rng, (0.0, 0.1, 1.0))
    seed_of_data = int(rng.integers(2**31))
    truths: dict[int, Truth] = {}
    for seed in seeds:
        data = np.random.default_rng([seed_of_data, seed if by_seed else 0])
        truths[seed] = (
            Truth(*_data(data, shape, n, d, m, kappa, y_scale, noise)) if by_seed or not truths else truths[0]
        )
    truth = truths[seeds[0]]
    dtype = _pick(rng, DTYPES)
    epochs = 2000 if rng.random() < LONG else int(_pick(rng, EPOCHS))
    batch_size = int(rng.integers(1, n)) if rng.random() < 0.2 and n > 2 else None
    target = float(_pick(rng, (1e-6, 1e-6, 1e-6, 1e-6, 1e-2, 1e-3, 1e-9)))
    options = {"epochs": epochs, "dtype": dtype, "batch_size": batch_size, "target": target}
    models = tuple(map(str, rng.choice(["manual", "linear", "started"], size=int(rng.integers(1, 3)), replace=False)))
    return Draw(number, truths, _start(rng, truth), _specs(rng, truth, len(seeds) * len(models)), models, options)


def _pick(rng, choices):
    return choices[int(rng.integers(len(choices)))]


def _data(rng, shape, n, d, m, kappa, y_scale, noise):
    """Return X (n, d) and y (n, m)."""
    if shape == "wide":
        d = max(d, 3)
        n = int(rng.integers(2, d + 1))
    if shape in ("plain", "offset", "scaled") and n > d + 1:
        U = np.linalg.qr(np.c_[np.ones(n), rng.normal(size=(n, d))])[0][:, 1:]
        V = np.linalg.qr(rng.normal(size=(d, d)))[0]
        X = n**0.5 * U * kappa ** (-np.linspace(0, 1, d) / 2) @ V.T
    else:
        X = rng.normal(size=(n, d))
    if shape == "deficient":  # of small whole numbers, so that sums are exact
        X = np.round(4 * X)
        X = np.c_[X, X @ rng.integers(-2, 3, size=(d, 1))]
    elif shape == "constant":
        X = np.c_[X, np.full(n, _pick(rng, (0.0, 1.0, 3.7)))]
    elif shape == "duplicate":
        X = np.c_[X, X[:, :1]]
    elif shape == "scaled":
        X = X * 10.0 ** rng.integers(-3, 4, size=d)
    elif shape == "offset":
        X = X + 1e6
    weights = rng.normal(size=(X.shape[1], m))
    y = (X - X.mean(0)) @ weights + rng.normal(size=m) + noise * rng.normal(size=(n, m))
    return X, y_scale * y


def _start(rng, truth: Truth) -> np.ndarray:
    """Return a start (p, m): anywhere, off the optimum along one eigenvector, far away, near, or at the optimum."""
    optimum = np.array([[float(value) for value in row] for row in truth.optimum])
    size = float(np.abs(optimum).max()) or 1.0
    kind = _pick(rng, ("anywhere", "mode", "mode", "far", "near", "optimum"))
    if kind == "mode":
        vector = np.array([float(value) for value in truth.vectors[int(rng.integers(len(truth.vectors)))]])
        return optimum + size * vector[:, None]
    if kind == "optimum":
        return optimum
    return optimum + size * {"anywhere": 1.0, "far": 1e3, "near": 1e-4}[kind] * rng.normal(size=optimum.shape)


def _specs(rng, truth: Truth, runs_per_spec: int) -> tuple[str, ...]:
    """Return about 100 runs' worth of optimizers: gradient methods around every critical rate, and others."""
    L, mu = float(truth.L), float(truth.mu)
    stable, kappa = 2 / L, L / mu
    specs = [f"sgd:lr={factor * stable!r}" for factor in FACTORS]
    specs += [f"sgd:lr={factor * stable!r}" for factor in rng.uniform(0.02, 1.1, size=2).tolist()]
    specs += [f"sgd:lr={2 / (L + mu)!r}", "sgd", "sgd:lr=0.1", "sgd:lr=0.0"]
    root = kappa**0.5
    best = ((root - 1) / (root + 1)) ** 2
    if best > 0:
        specs.append(f"sgd:lr={4 / (L**0.5 + mu**0.5) ** 2!r},momentum={best!r}")
    for momentum in (0.9, 0.99, 0.999):
        factor = _pick(rng, (0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.5))
        nesterov = rng.random() < 0.4
        limit = stable * (1 + momentum) / ((1 + 2 * momentum) if nesterov else 1)
        specs.append(f"sgd:lr={factor * limit!r},momentum={momentum}{',nesterov=True' if nesterov else ''}")
        specs.append(f"sgd:lr={0.5 * stable!r},momentum={momentum}")
    specs.append(f"sgd:lr={0.3 * stable!r},momentum=0.9,dampening=0.5")
    for decay in (1e-3, 0.1):
        specs.append(f"sgd:lr={0.5 * stable!r},weight_decay={decay * L!r}")
        specs.append(f"sgd:lr={0.2 * stable!r},momentum=0.9,weight_decay={decay * mu!r}")
    size = max(abs(float(value)) for row in truth.optimum for value in row) or 1.0
    for name in ("adam", "rmsprop", "adagrad", "adamw"):
        specs.append(f"{name}:lr={_pick(rng, (0.01, 0.1, 1.0)) * min(size, 1e3)!r}")
    specs += ["lbfgs"] * (rng.random() < 0.1) + [
        "adam",
        "krylov-limit",
        f"adam:lr=0.1,weight_decay={0.1 * L!r}",
        f"adagrad:lr=1.0,weight_decay={L!r}",
    ]
    specs = list(dict.fromkeys(specs))
    wanted = max(8, 100 // runs_per_spec)
    chosen = rng.choice(len(specs), size=min(wanted, len(specs)), replace=False)
    return tuple(specs[i] for i in sorted(chosen))


def as_tensor(values: np.ndarray) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)
