"""Devices of torch, as the harness uses them."""

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
        """What records call it: `cpu`, `cuda:0`, `mps`, …"""
        return str(self.torch_device)

    def unavailable(self) -> str | None:
        """Why this machine cannot run on it, or None where it can."""
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
        """Return when everything queued on the device is done."""
        if self.torch_device.type != "cpu":
            _backend(self.torch_device.type).synchronize(*_which(self.torch_device))


def cpu() -> TorchDevice:
    """The processor."""
    return TorchDevice(torch.device("cpu"))


def cuda(index: int = 0) -> TorchDevice:
    """A CUDA (or ROCm) device."""
    return TorchDevice(torch.device("cuda", index))


def xpu(index: int = 0) -> TorchDevice:
    """An Intel GPU."""
    return TorchDevice(torch.device("xpu", index))


def mps() -> TorchDevice:
    """An Apple GPU."""
    return TorchDevice(torch.device("mps"))


def auto() -> TorchDevice:
    """The first of cuda, xpu, mps and cpu that is there."""
    return next(device for device in (cuda(), xpu(), mps(), cpu()) if device.unavailable() is None)


def _backend(kind: str) -> ModuleType | Any:
    return getattr(torch, kind)


def _which(device: torch.device) -> list[torch.device]:
    return [] if device.type == "mps" else [device]
