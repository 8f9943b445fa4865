"""The processor's status flags, which tell that a signaling NaN has been read.

C code takes the number that a float holds and asks no method of its class, so a subclass of float cannot see
`math.log10(scalar)`. But a *signaling* NaN raises the flag of invalid operations in whatever computes with it or
compares it (IEEE 754-2019, 6.2 and 7.2), and CPython compares every double that C code asks it for with −1.0
(`PyFloat_AsDouble`), since that marks an error.

numpy lowers flags around its loops, which would hide a read before them. It lowers the flags of division by zero,
overflow and underflow as well, so these are kept raised as sentinels: where one is down, somebody has lowered flags.

Flags belong to a thread: what another thread reads is not seen.
"""

from __future__ import annotations

import ctypes
import functools
import math
import platform
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

SIGNALING_NAN: float = struct.unpack("<d", struct.pack("<Q", 0x7FF4_0000_0000_0001))[0]
"""A NaN whose most significant bit of the fraction is 0."""


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StatusFlags:
    """The flags of invalid operation, division by zero, overflow and underflow, of the thread that calls.

    Each of these is one call of libc, since they are made around every call of torch. arm: lowers the first and raises
    the others, the sentinels. state: returns all four as a number, which is `armed` as long as nobody touches them.
    lower: lowers all four.
    """

    arm: Callable[[], object]
    state: Callable[[], int]
    armed: int
    lower: Callable[[], object]


@dataclass(frozen=True, slots=True)
class _Masks:
    """The bits of the flags, as fenv.h has them for a processor."""

    invalid: int
    division_by_zero: int
    overflow: int
    underflow: int


_X86 = _Masks(invalid=0x01, division_by_zero=0x04, overflow=0x08, underflow=0x10)
_ARM = _Masks(invalid=0x01, division_by_zero=0x02, overflow=0x04, underflow=0x08)
_MASKS = {"x86_64": _X86, "AMD64": _X86, "aarch64": _ARM, "arm64": _ARM}


@functools.cache
def find_status_flags() -> StatusFlags | None:
    """Return this machine's flags; None where it has none that can be had, or they do not tell of a read."""
    masks = _MASKS.get(platform.machine())
    if masks is None:
        return None
    try:
        flags = _load(masks)
    except (OSError, TypeError, AttributeError):  # no C library to load functions from, as on Windows, or not these
        return None
    return flags if _tell_of_reads(flags) else None


def _load(masks: _Masks) -> StatusFlags:
    """Return the flags by way of the C library's `fetestexcept` and its relatives in fenv.h."""
    # A PyDLL keeps the interpreter's lock, which a CDLL would give up and take again in each call.
    libc: Any = ctypes.PyDLL(None)
    sentinels = masks.division_by_zero | masks.overflow | masks.underflow
    all_four = sentinels | masks.invalid
    none_raised, armed = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)  # fexcept_t is 2 to 4 bytes
    libc.feclearexcept(all_four)
    libc.fegetexceptflag(none_raised, all_four)
    libc.feraiseexcept(sentinels)
    libc.fegetexceptflag(armed, all_four)
    libc.feclearexcept(all_four)
    return StatusFlags(
        arm=functools.partial(libc.fesetexceptflag, armed, all_four),
        state=functools.partial(libc.fetestexcept, all_four),
        armed=sentinels,
        lower=functools.partial(libc.fesetexceptflag, none_raised, all_four),
    )


def _tell_of_reads(flags: StatusFlags) -> bool:
    """Return whether every kind of read disturbs the flags, and nothing else does."""

    class Number(float):
        """As a lane scalar is one."""

    number, plain = Number(SIGNALING_NAN), float("1.5")
    reads: list[Callable[[], object]] = [
        lambda: math.log10(number),
        lambda: float.__lt__(number, plain),
        lambda: float.__eq__(number, plain),
        lambda: struct.pack("d", number),
        lambda: hash(number),
    ]
    harmless: list[Callable[[], object]] = [
        lambda: plain + plain,
        lambda: math.log10(plain) < plain,
        lambda: math.exp(-plain),
        lambda: float("nan") == plain,
    ]
    found = all(_disturbs(flags, read) for read in reads) and not any(_disturbs(flags, other) for other in harmless)
    return found and _disturbs(flags, flags.lower)


def _disturbs(flags: StatusFlags, action: Callable[[], object]) -> bool:
    flags.arm()
    action()
    disturbed = flags.state() != flags.armed
    flags.lower()
    return disturbed
