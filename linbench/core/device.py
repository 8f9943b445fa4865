"""The interface of a device, and checks of whether an object has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from linbench.core.errors import ComponentError

if TYPE_CHECKING:
    import torch

_METHODS = ("unavailable", "synchronize")


class Device(Protocol):
    """A place where cases run. An optional attribute `name: str` says what records call it (else the spec's text)."""

    torch_device: torch.device

    def unavailable(self) -> str | None:
        """Return why this machine cannot run on it, or None where it can."""

    def synchronize(self) -> None:
        """Return when everything queued on the device is done; called around the clock only."""


def check_device(device: object) -> None:
    """Raise ComponentError where an object lacks something of a `Device`."""
    import torch

    made = f"its target made a {type(device).__name__}"
    for name in ("torch_device", *_METHODS):
        if not hasattr(device, name):
            raise ComponentError(f"{made} without {name!r}, not a linbench.Device")
    place, name = getattr(device, "torch_device", None), getattr(device, "name", "")
    if not isinstance(place, torch.device):
        raise ComponentError(f"{made} whose torch_device is a {type(place).__name__}, not a torch.device")
    for method in _METHODS:
        if not callable(getattr(device, method)):
            raise ComponentError(f"{made} whose {method} is no method")
    if not isinstance(name, str):
        raise ComponentError(f"{made} whose name is {name!r}, not text")


def why_unavailable(device: Device) -> str | None:
    """Return what `device.unavailable()` says. Raises ComponentError where that is neither text nor None."""
    reason: object = device.unavailable()
    if reason is None or (isinstance(reason, str) and reason):
        return reason
    raise ComponentError(f"unavailable() of a {type(device).__name__} returned {reason!r}, not a reason or None")
