"""How a check says that its claim does not hold, or cannot be asked."""

from __future__ import annotations


class NotApplicable(Exception):  # noqa: N818  not an error: the claim cannot be asked of this optimizer
    """The claim cannot be asked of this optimizer; the text says why."""


def require(holds: bool, otherwise: str) -> None:
    """Raise AssertionError, which python -O must not remove."""
    if not holds:
        raise AssertionError(otherwise)
