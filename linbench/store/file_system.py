"""The kind of file system that a path lies on: SQLite's WAL shares memory, which no network file system does."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "afs", "ncpfs", "fuse.sshfs", "sshfs", "fuse.smbnetfs"}
)

_MOUNTS = Path("/proc/mounts")


def network_file_system(path: Path, mounts: str | None = None) -> str | None:
    """Return the type of the network file system that a path lies on; None where it is local, or unknown.

    mounts: the text of /proc/mounts; read where not given, on systems that have it.
    """
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(errors="surrogateescape")
        except OSError:
            return None
    kind = _type_at(_real(path), mounts)
    return kind if kind in NETWORK else None


def _real(path: Path) -> Path:
    with contextlib.suppress(OSError, RuntimeError):  # a loop of links
        return path.resolve()
    return path.absolute()


def _type_at(path: Path, mounts: str) -> str | None:
    """Return the type of the deepest mount above the path; of several at one point, the last hides the others."""
    found, depth = None, -1
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        point = Path(_unescape(fields[1]))
        if path.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = fields[2], len(point.parts)
    return found


def _unescape(text: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
