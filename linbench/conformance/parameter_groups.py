"""The check of several parameter groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from linbench.conformance.requirement import NotApplicable, require
from linbench.conformance.training import History, is_close, train
from linbench.core.errors import one_line

if TYPE_CHECKING:
    from linbench.conformance.subject import Subject


def keeps_parameter_groups_apart(subject: Subject) -> str | None:
    """Check that each group is trained at its own lr, as if alone: else fine-tuning at two rates uses one of them."""
    if subject.lr is None:
        raise NotApplicable("it takes no lr")
    rates = (subject.lr, subject.lr / 4)
    grouped = _in_groups(subject, rates)
    try:
        together = train(grouped, _Parts(0, 1))
    except (ValueError, RuntimeError) as error:
        if type(error) is RuntimeError:  # meant as a refusal only where groups of one rate are taken
            train(_in_groups(subject, (subject.lr, subject.lr)), _Parts(0, 1))
        raise NotApplicable(f"it refuses groups, or groups of different lr: {one_line(error)}") from error
    alone = [train(subject.with_params(lr=rate), _Parts(part)) for part, rate in enumerate(rates)]
    if _is_made_of(together, alone):
        return None
    same = [train(subject, _Parts(part)) for part in range(len(rates))]
    in_one_group = train(subject, _Parts(0, 1))
    require(not _is_made_of(in_one_group, same), "a group is not trained as it would be alone, at its own lr")
    second, at_one_rate = (run.parameter(1) for run in (together, in_one_group))
    require(not torch.equal(second, at_one_rate), "the lr of the second group has no effect")
    return "its parameters influence each other within a group too, so only the effect of each lr is checked"


@dataclass(frozen=True, slots=True)
class _Part:
    """The cost of one vector p, mean((A·p − t)²), and its start."""

    matrix: Tensor
    target: Tensor
    initial: Tensor

    def cost(self, p: Tensor) -> Tensor:
        return torch.mean((self.matrix @ p - self.target) ** 2)


class _Parts(nn.Module):
    """Independent vectors, each with a cost of its own; together the sum of their costs."""

    def __init__(self, *numbers: int) -> None:
        super().__init__()
        self.parts = [_make_part(number) for number in numbers]
        self.vectors = nn.ParameterList(part.initial.clone() for part in self.parts)

    def cost(self) -> Tensor:
        pairs = zip(self.parts, self.vectors, strict=True)
        return torch.stack([part.cost(vector) for part, vector in pairs]).sum()


def _make_part(number: int) -> _Part:
    generator = torch.Generator().manual_seed(1 + number)
    matrix, target, initial = (torch.randn(shape, generator=generator) for shape in ((4, 3), (4,), (3,)))
    return _Part(matrix, target, initial)


def _in_groups(subject: Subject, rates: Sequence[float]) -> Subject:
    def wrap(target: Callable[..., Any]) -> Callable[..., Any]:
        def build(*arguments: Any, **params: Any) -> Any:
            parameters = arguments[0] if arguments else None
            if not isinstance(parameters, list) or not all(isinstance(p, nn.Parameter) for p in parameters):
                raise NotApplicable("it is not built from a list of parameters")
            if len(parameters) != len(rates):
                raise NotApplicable("it does not train all parameters itself")
            groups = [{"params": [p], "lr": lr} for p, lr in zip(parameters, rates, strict=True)]
            return target(groups, *arguments[1:], **params)

        return build

    return subject.with_target(wrap)


def _is_made_of(together: History, alone: Sequence[History]) -> bool:
    return all(is_close(together.parameter(index), one.parameter(0)) for index, one in enumerate(alone))
