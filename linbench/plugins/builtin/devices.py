"""The built-in devices."""

from __future__ import annotations

from linbench import Component, hookimpl

_MODULE = "linbench.plugins.builtin.torch_device"


@hookimpl
def linbench_devices() -> list[Component]:
    """Return the devices that torch knows by name, and `auto`."""
    return [
        Component("device", "cpu", f"{_MODULE}:cpu", summary="The processor"),
        Component(
            "device",
            "cuda",
            f"{_MODULE}:cuda",
            summary="An NVIDIA or AMD GPU; cuda:1 is the second",
            parameters={"index": 0},
        ),
        Component("device", "mps", f"{_MODULE}:mps", summary="An Apple GPU"),
        Component("device", "xpu", f"{_MODULE}:xpu", summary="An Intel GPU", parameters={"index": 0}),
        Component("device", "auto", f"{_MODULE}:auto", summary="The first of cuda, xpu, mps and cpu that is there"),
    ]
