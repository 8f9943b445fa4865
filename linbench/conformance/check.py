"""A check, which is one claim about an optimizer, and its verdict."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from linbench.conformance.requirement import NotApplicable
from linbench.conformance.subject import Subject
from linbench.conformance.training import SEED
from linbench.core.errors import Unsuitable, one_line
from linbench.core.isolation.isolate import isolate

Check = Callable[[Subject], str | None]
"""A function that returns a remark or nothing where its claim holds.

Raises AssertionError, or an error of the optimizer, where it does not; NotApplicable where the claim makes no sense.
"""

Outcome = Literal["pass", "fail", "not applicable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict of one check.

    name: the check's, in words. reason: of a failure, or a remark; empty where there is none.
    """

    name: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.reason else self.name


def judge(subject: Subject, check: Check) -> Verdict:
    """Run one check and return its verdict; an error of the optimizer is a failure, and global state is restored."""
    name = check.__name__.replace("_", " ")
    try:
        with isolate(SEED, torch.device("cpu"), threads=1):
            remark = check(subject)
    except (NotApplicable, Unsuitable) as reason:
        return Verdict(name, "not applicable", str(reason))
    except AssertionError as error:
        return Verdict(name, "fail", str(error).partition("\n")[0] or "an assertion of its own failed")
    except (Exception, SystemExit) as error:  # third-party code
        return Verdict(name, "fail", one_line(error))
    return Verdict(name, "pass", remark or "")
