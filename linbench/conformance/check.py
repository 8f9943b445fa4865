"""One claim about an optimizer, and what came of checking it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch

from linbench.conformance.claim import NotApplicable
from linbench.conformance.subject import Subject
from linbench.conformance.training import SEED
from linbench.core.errors import Unsuitable, one_line
from linbench.core.isolation.isolate import isolate

Check = Callable[[Subject], str | None]
"""A function that returns, perhaps with a remark, where its claim holds.

Raises AssertionError, or whatever the optimizer raises, where it does not; NotApplicable where it cannot be asked.
"""

Outcome = Literal["pass", "fail", "not applicable"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one check. name: the check's, in words. reason: why, or a remark; empty where there is none."""

    name: str
    outcome: Outcome
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}" if self.reason else self.name


def judge(subject: Subject, check: Check) -> Verdict:
    """Run one check; whatever the optimizer raises is a failure, and global state is as before afterwards."""
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
