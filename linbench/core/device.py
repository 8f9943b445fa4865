"""What the harness asks of a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch


class Device(Protocol):
    """Where cases run. An optional attribute `name: str` says what records call it (else the spec's text)."""

    torch_device: torch.device

    def unavailable(self) -> str | None:
        """Why this machine cannot run on it, or None where it can."""

    def synchronize(self) -> None:
        """Return when everything queued on the device is done; called around the clock only."""
