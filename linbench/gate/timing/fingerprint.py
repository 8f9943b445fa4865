"""The fingerprint of a machine: step times are compared between machines that are alike in all that decides them."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from typing import Any

from linbench.core.environment import available_cores, cpu_model


def machine() -> dict[str, Any]:
    """Return all that decides step times here.

    Processor, cores that this process may use, instruction set, system, Python's minor version, torch, threads.
    """
    import torch

    return {
        "cpu": cpu_model(),
        "cores": available_cores(),
        "isa": f"{platform.machine()} {torch.backends.cpu.get_cpu_capability()}",
        "os": f"{platform.system()} {'.'.join(platform.release().split('.')[:2])}",
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": str(torch.__version__),
        "threads": 1,
    }


def fingerprint(machine: Mapping[str, Any]) -> str:
    """Return twelve hexadecimal digits that two machines share only where they are alike."""
    return hashlib.sha256(json.dumps(dict(machine), sort_keys=True).encode()).hexdigest()[:12]


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return `cpu A, here B; torch 2.6, here 2.13` of two machines."""
    names = [name for name in {**one, **other} if one.get(name) != other.get(name)]
    return "; ".join(f"{name} {one.get(name, 'unknown')}, here {other.get(name, 'unknown')}" for name in names)
