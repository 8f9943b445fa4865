"""The requirements of a check: its claim holds, and makes sense for the optimizer."""

from __future__ import annotations


class NotApplicable(Exception):  # noqa: N818  not an error: the claim makes no sense for this optimizer
    """The reason why a claim makes no sense for an optimizer."""


def require(holds: bool, otherwise: str) -> None:
    """Raise AssertionError with a text unless a claim holds."""
    if not holds:  # no `assert`, which python -O removes
        raise AssertionError(otherwise)
