"""Checks for authors of optimizers: a checked one behaves as users of torch.optim expect.

    import pytest
    from linbench.testing import check_optimizer, optimizer_checks

    @pytest.mark.parametrize("check", optimizer_checks())
    def test_my_opt(check):
        check_optimizer("my-opt:lr=0.1", check)

`linbench plugins check my-opt` runs the same checks on the command line.
"""

from __future__ import annotations

import os
import unittest
from collections.abc import Iterable

from linbench.conformance.all_checks import CHECKS
from linbench.conformance.check import Check, Verdict, judge
from linbench.conformance.subject import Optimizer, subject_of
from linbench.plugins.manager import load_plugins

__all__ = ["Check", "Optimizer", "Verdict", "check_optimizer", "optimizer_checks"]


def optimizer_checks() -> tuple[Check, ...]:
    """Return every check, for `pytest.mark.parametrize`; the docstring of each has its claim and reason."""
    return CHECKS


def check_optimizer(
    optimizer: Optimizer,
    check: Check | None = None,
    *,
    reductions: Iterable[tuple[str, str]] = (),
    plugins: Iterable[str] = (),
    **params: object,
) -> tuple[Verdict, ...]:
    """Run one check, or all of them, and return the verdict of each.

    optimizer: a spec ("my-opt:lr=0.1"), an import path, a Component, or a class or callable `f(params, …)`.
    check: one of `optimizer_checks()`; all of them where none is given. reductions: settings in which it is another
    optimizer, as pairs: [("momentum=0", "sgd")]. plugins: files or modules to load besides the installed ones.
    params: parameters, in addition to those of the spec.

    Raises AssertionError with a list of the failures; UsageError for an unknown name or parameter; where a single check
    does not apply, unittest.SkipTest, or under pytest the exception of `pytest.skip`.
    """
    subject = subject_of(load_plugins(plugins).catalog, optimizer, params, reductions)
    verdicts = tuple(judge(subject, one) for one in (CHECKS if check is None else (check,)))
    failures = [str(verdict) for verdict in verdicts if verdict.outcome == "fail"]
    if failures:
        raise AssertionError("\n".join([f"{subject.label} fails {len(failures)} of {len(verdicts)} checks", *failures]))
    if check is not None and verdicts[0].outcome == "not applicable":
        _skip(str(verdicts[0]))
    return verdicts


def _skip(reason: str) -> None:
    if "PYTEST_CURRENT_TEST" in os.environ:
        import pytest

        pytest.skip(reason)
    raise unittest.SkipTest(reason)
