"""The environment in which numbers were made: versions and machine, for records that travel."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any


def version() -> str:
    """Return the installed version of linbench."""
    return metadata.version("linbench")


def environment() -> dict[str, Any]:
    """Return versions, operating system, processor, cores that this process may use, and torch's threads."""
    import torch  # here, since `linbench --version` and `list` need no torch

    return {
        "linbench": version(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "platform": platform.platform(),
        "cpu": cpu_model(),
        "cores": available_cores(),
        "threads": torch.get_num_threads(),
    }


def cpu_model() -> str:
    """Return the processor's name as the system gives it."""
    # On Linux `platform.processor()` is empty or the architecture's name.
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def available_cores() -> int:
    """Return how many cores this process may run on."""
    # `os.cpu_count` counts the machine's cores, though a container or `taskset` may allow fewer.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
