"""A linear-regression problem: the data, and the units in which a user's feature values enter them."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.errors import ProblemError, UsageError

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Rows of features and targets; the cost is mean((XW + b − y)²) over all rows and targets, b the intercept.

    X: (n, d) and y: (n, m) or (n,); tensors or nested sequences, kept as float64 on the CPU.
    features, targets: the columns' names; x1… and y1… where not given.
    shift, scale: (d,); X holds (raw feature − shift) / scale. 0 and 1 where not given.
    intercept: whether b is fitted; without it there is no b, and the cost is mean((XW − y)²).
    Raises ProblemError for shapes that do not fit, no rows, non-finite values, or an intercept that is not a bool.
    """

    X: Any
    y: Any
    features: Sequence[str] = ()
    targets: Sequence[str] = ()
    shift: Any = None
    scale: Any = None
    intercept: bool = True
    fingerprint: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        X, y = _table("X", self.X), _table("y", self.y)
        n, d = X.shape
        if y.shape[0] != n:
            raise ProblemError(f"X has {n} rows and y has {y.shape[0]}")
        if n == 0 or d == 0 or y.shape[1] == 0:
            raise ProblemError(
                f"a problem needs rows, features and targets; X is {n} x {d}, y {y.shape[0]} x {y.shape[1]}"
            )
        if not isinstance(self.intercept, bool):
            raise ProblemError(f"intercept must be True or False, not {self.intercept!r}")
        shift, scale = _row(self.shift, 0.0, d), _row(self.scale, 1.0, d)
        values = {
            "X": X,
            "y": y,
            "features": _names("x", self.features, d),
            "targets": _names("y", self.targets, y.shape[1]),
            "shift": shift,
            "scale": scale,
            "fingerprint": _fingerprint(X, y, shift, scale, intercept=self.intercept),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    @property
    def n_rows(self) -> int:
        """Rows of data, n."""
        return int(self.X.shape[0])

    @property
    def n_features(self) -> int:
        """Columns of X, d; the intercept is not among them."""
        return int(self.X.shape[1])

    @property
    def n_targets(self) -> int:
        """Columns of y, m."""
        return int(self.y.shape[1])

    def encode(self, features: Sequence[float]) -> Tensor:
        """Return feature values as a user writes them as one row (1, d), float64, in the units of X.

        Raises UsageError for values that are not numbers, or not one for each feature.
        """
        try:
            raw = torch.tensor([list(features)], dtype=torch.float64)
        except (TypeError, ValueError):
            raise UsageError(f"to predict, give a list of numbers, not {features!r}") from None
        if raw.shape != (1, self.n_features):
            names = ", ".join(self.features)
            raise UsageError(
                f"to predict, give a value for each feature ({names}): {self.n_features}, not {len(features)}"
            )
        row: Tensor = (raw - self.shift) / self.scale
        return row


def _table(name: str, values: Any) -> Tensor:
    try:
        table = torch.as_tensor(values, dtype=torch.float64, device="cpu").detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ProblemError(f"{name} is not a table of numbers: {error}") from None
    if table.ndim == 1 and name == "y":
        table = table[:, None]
    if table.ndim != 2:
        raise ProblemError(f"{name} must be a table of rows and columns, not of shape {tuple(table.shape)}")
    if not torch.isfinite(table).all():
        raise ProblemError(f"{name} holds values that are not finite")
    return table.contiguous()


def _row(values: Any, default: float, width: int) -> Tensor:
    if values is None:
        return torch.full((width,), default, dtype=torch.float64)
    row = torch.as_tensor(values, dtype=torch.float64)
    if row.shape != (width,):
        raise ProblemError(f"shift and scale need one value for each of {width} features")
    return row


def _names(prefix: str, names: Sequence[str], width: int) -> tuple[str, ...]:
    if not names:
        return tuple(f"{prefix}{i}" for i in range(1, width + 1))
    if len(names) != width:
        raise ProblemError(f"{len(names)} column names are given for {width} columns")
    return tuple(names)


def _fingerprint(*tables: Tensor, intercept: bool) -> str:
    """Return the SHA-256 of shapes, values and a missing intercept: problems with the same one are the same problem."""
    digest = hashlib.sha256()
    for table in tables:
        digest.update(repr(tuple(table.shape)).encode())
        # Straight from memory: torch offers no buffer but through numpy, which core does without.
        digest.update(ctypes.string_at(table.data_ptr(), table.numel() * table.element_size()))
    if not intercept:  # only then, so that the keys of earlier records stay what they were
        digest.update(b"no intercept")
    return digest.hexdigest()
