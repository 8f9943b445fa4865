"""What all cases of a plan share: epochs, batches, target, dtype."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Literal, get_args

from linbench.core.errors import UsageError, unknown_name
from linbench.core.request.canonical import canonical_json
from linbench.core.request.distributions import version_of

DType = Literal["float32", "float64", "bfloat16", "float16"]
DTYPES: tuple[DType, ...] = get_args(DType)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How every case of a comparison trains.

    epochs: passes over the data. batch_size: rows per update, None for the full batch.
    target: the relative gap at which a run counts as converged. dtype: of data and parameters while training.
    stop_at_target: end a run at the first look after it has converged, diverged or stalled.
    Raises UsageError for values that cannot be run.
    """

    epochs: int = 2000
    batch_size: int | None = None
    target: float = 1e-6
    dtype: DType = "float32"
    stop_at_target: bool = False
    json: str = field(init=False, repr=False, compare=False)
    """Their part of a case's key, with the versions of what trains."""

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise UsageError(f"epochs must be at least 1, not {self.epochs}")
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(f"batch size must be at least 1, not {self.batch_size}")
        if not (0 < self.target < math.inf):
            raise UsageError(f"target must be a positive relative gap, not {self.target}")
        if self.dtype not in DTYPES:
            raise unknown_name("dtype", self.dtype, DTYPES)
        content = {one.name: getattr(self, one.name) for one in fields(self) if one.init}
        versions = {name: version_of(name) for name in ("linbench", "torch")}
        object.__setattr__(self, "json", f'{canonical_json(content)},"versions":{canonical_json(versions)}')
