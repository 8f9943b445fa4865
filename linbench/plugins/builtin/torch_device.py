"""The devices of torch, as the harness uses them."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class TorchDevice:
    """A device that torch knows by name."""

    torch_device: torch.device

    @property
    def name(self) -> str:
        """The name of the device in records: `cpu`, `cuda:0`, `mps`, …"""
        return str(self.torch_device)

    def unavailable(self) -> str | None:
        """Return the reason why this machine cannot run on the device; None where it can."""
        kind, index = self.torch_device.type, self.torch_device.index
        if kind == "cpu":
            return None
        backend = _backend(kind)
        if not backend.is_available():
            return f"{kind} is not available on this machine"
        count = backend.device_count()
        if index is not None and index >= count:
            return f"{self.name} is not there: this machine has {count} {kind} device{'s' if count != 1 else ''}"
        return None

    def synchronize(self) -> None:
        """Wait until everything queued on the device is done."""
        kind = self.torch_device.type
        if kind == "mps":  # there is one Apple GPU, and torch takes no argument for it
            _backend(kind).synchronize()
        elif kind != "cpu":
            _backend(kind).synchronize(self.torch_device)


def cpu() -> TorchDevice:
    """Return the processor."""
    return TorchDevice(torch.device("cpu"))


def cuda(index: int = 0) -> TorchDevice:
    """Return a CUDA (or ROCm) device."""
    return TorchDevice(torch.device("cuda", index))


def xpu(index: int = 0) -> TorchDevice:
    """Return an Intel GPU."""
    return TorchDevice(torch.device("xpu", index))


def mps() -> TorchDevice:
    """Return the Apple GPU."""
    return TorchDevice(torch.device("mps"))


def auto() -> TorchDevice:
    """Return the first of cuda, xpu, mps and cpu that is there."""
    return next(device for device in (cuda(), xpu(), mps(), cpu()) if device.unavailable() is None)


def _backend(kind: str) -> ModuleType | Any:
    return getattr(torch, kind)
