"""Third-party code reaches the data that cases share: data that it changed is put back, and its case is an error."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from linbench.core.engines.serial import SerialEngine
from linbench.core.errors import LinbenchError
from linbench.core.outcome.measurement import failed_record

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.engines.engine import Engine
    from linbench.core.observer import Observer
    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.case import Case

CHANGED = "it changed the data that it was trained on"


class DataGuard:
    """The data of cases as it was when they were first seen."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._kept: dict[int, _Kept] = {}

    def run(
        self, engine: Engine, part: Sequence[Case], observer: Observer, trajectories: bool | int
    ) -> Iterator[Record]:
        """The records of one part, however it fails; a case whose run changed the data is an `error`.

        Where a batch did so, or raised what an engine lets through, its cases are run again one by one.
        KeyboardInterrupt gets through.
        """
        tensors = self.keep(part)
        running = engine.run(part, self._workbench, observer, trajectories)
        failure, done = None, 0
        while failure is None:
            try:
                record = next(running, None)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # such as asyncio.CancelledError, or a panic in Rust
                failure = error
                break
            if record is None:
                return
            # The records of a batch come when all of it is done.
            if (record.engine == SerialEngine.name or not done) and self.put_back(tensors):
                failure = LinbenchError(CHANGED)
            else:
                yield record
                done += 1
        self.put_back(tensors)
        if len(part) == 1 and engine.name == SerialEngine.name:
            yield failed_record(part[0], failure, engine.name)
            return
        for case in part[done:]:
            yield from self.run(SerialEngine(), [case], observer, trajectories)

    def keep(self, cases: Iterable[Case]) -> list[int]:
        """Copy the data of cases, unless it is kept already; returns what `put_back` takes."""
        found: dict[int, Tensor] = {}
        for setup in self._setups(cases):
            tensors = (setup.problem.X, setup.problem.y, setup.X, setup.y, setup.features)
            found |= {id(tensor): tensor for tensor in tensors if tensor is not None}
        for key, tensor in found.items():
            if key not in self._kept:
                self._kept[key] = _Kept(tensor, tensor.shape, tensor.dtype, tensor.device, _bytes(tensor))
        return list(found)

    def put_back(self, keys: Iterable[int]) -> bool:
        """Undo what was changed of that data; whether anything was."""
        changed = [self._kept[key] for key in keys if self._kept[key].changed()]
        for kept in changed:
            kept.put_back()
        return bool(changed)

    def _setups(self, cases: Iterable[Case]) -> Iterator[Setup]:
        seen: set[int] = set()
        for case in cases:
            try:
                setup = self._workbench.setup(case)
            except (Exception, SystemExit):  # its record will say what is wrong
                continue
            if id(setup) not in seen:
                seen.add(id(setup))
                yield setup


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    """A tensor as it was; in bytes, which nobody can change."""

    tensor: Tensor
    shape: torch.Size
    dtype: torch.dtype
    device: torch.device
    content: bytes

    def changed(self) -> bool:
        tensor = self.tensor
        if tensor.requires_grad:  # which changes no number
            tensor.requires_grad_(False)
            tensor.grad = None
        form = (tensor.shape, tensor.dtype, tensor.device)
        return form != (self.shape, self.dtype, self.device) or _bytes(tensor) != self.content

    def put_back(self) -> None:
        flat = torch.frombuffer(bytearray(self.content), dtype=self.dtype)
        self.tensor.data = flat.reshape(self.shape).to(self.device)


def _bytes(tensor: Tensor) -> bytes:
    table = tensor.detach().to("cpu").contiguous()
    return ctypes.string_at(table.data_ptr(), table.numel() * table.element_size())
