"""The workbench: what cases share, made once. Problems with their solutions, devices, and the forms of models."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.criteria import noise_floor
from linbench.core.errors import ComponentError, ProblemError, Unsuitable
from linbench.core.isolation.process_state import restore_process_state
from linbench.core.problem.least_squares import Solution, solve
from linbench.core.problem.linear_form import LinearForm, find_linear_form, has_bias
from linbench.core.problem.problem import Problem
from linbench.core.request.bases import Bases
from linbench.core.request.parameters import accepted_parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.device import Device
    from linbench.core.request.case import Case
    from linbench.core.request.catalog import Catalog
    from linbench.core.request.choice import Choice


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Setup:
    """The things that training one case needs and that many cases have in common.

    X: (n, d), y: (n, m), on the device in the case's dtype. form: None for a model that is not XW + b.
    features: (1, d) or None, where a prediction was asked for. bases: makes the optimizers that others wrap.
    trial_results: what trials found out about optimizers, by their structure. rounding_gap: the
    relative gap of the optimum of the data as they are in the dtype.
    """

    problem: Problem
    solution: Solution
    device: Device
    model: Choice
    form: LinearForm | None
    X: Tensor
    y: Tensor
    features: Tensor | None
    bases: Bases
    trial_results: dict[Hashable, Any] = field(default_factory=dict)
    rounding_gap: float = 0.0

    @property
    def torch_device(self) -> torch.device:
        """The device as torch knows it."""
        return self.device.torch_device

    @property
    def work(self) -> int:
        """Multiply-adds of one forward pass."""
        return self.X.numel() * self.y.shape[1]

    def make_model(self) -> nn.Module:
        """Return a freshly initialised model on the device."""
        # Drawn in torch's default dtype and converted, so that runs of all dtypes start from the same numbers.
        return _build_model(self.model, self.problem).to(self.X.device, self.X.dtype)

    def resolves(self, target: float) -> bool:
        """Return whether costs in this dtype can tell a relative gap of `target` from rounding."""
        theory = self.solution.theory
        return target * theory.scale > noise_floor(theory, torch.finfo(self.X.dtype).eps)


class Workbench:
    """Builds what cases need, each thing once.

    predict: raw feature values to predict for, or None. catalog: where base optimizers are found.
    """

    def __init__(self, predict: Sequence[float] | None = None, catalog: Catalog | None = None) -> None:
        self._predict = predict
        self._bases = Bases(catalog) if catalog is not None else Bases()
        self._problems: dict[tuple[str, int], Problem] = {}
        self._solutions: dict[str, tuple[Problem, Solution]] = {}
        self._devices: dict[str, Device] = {}
        self._setups: dict[tuple[str, ...], Setup] = {}

    def problem(self, choice: Choice, seed: int) -> Problem:
        """Return the problem for a seed; one object for all seeds that give the same data.

        Raises whatever the target raises, and ProblemError for what is no problem.
        """
        known = self._problems.get((choice.label, seed))
        if known is not None:
            return known
        with restore_process_state():
            problem = choice.build(seed)
        if not isinstance(problem, Problem):
            raise ProblemError(f"problem {choice.label!r} made a {type(problem).__name__}, not a linbench.Problem")
        if problem.fingerprint not in self._solutions:
            self._solutions[problem.fingerprint] = problem, solve(problem)
        shared = self._solutions[problem.fingerprint][0]
        self._problems[choice.label, seed] = shared
        return shared

    def check_prediction(self, problem: Problem) -> None:
        """Raise UsageError where the features to predict for do not fit a problem."""
        if self._predict is not None:
            problem.encode(self._predict)

    def solution(self, problem: Problem) -> Solution:
        """Return the exact answer to a problem that `problem` returned."""
        return self._solutions[problem.fingerprint][1]

    def device(self, choice: Choice) -> Device:
        """Return the device of a choice. Raises whatever the target raises."""
        if choice.label not in self._devices:
            with restore_process_state():
                self._devices[choice.label] = choice.build()
        return self._devices[choice.label]

    def setup(self, case: Case) -> Setup:
        """Return what training a case needs.

        Raises Unsuitable where the model has a bias and the problem no intercept, and whatever the problem, the model
        or the device raises.
        """
        problem = self.problem(case.problem, case.seed)
        dtype: torch.dtype = getattr(torch, case.settings.dtype)
        key = (
            problem.fingerprint,
            case.problem.label,
            case.model.label,
            case.device.label,
            case.settings.dtype,
        )
        if key not in self._setups:
            with restore_process_state():
                self._setups[key] = self._make_setup(case, problem, dtype)
        return self._setups[key]

    def _make_setup(self, case: Case, problem: Problem, dtype: torch.dtype) -> Setup:
        device = self.device(case.device)
        features = None if self._predict is None else problem.encode(self._predict)

        def make_model() -> nn.Module:
            return _build_model(case.model, problem)

        if not problem.intercept and has_bias(make_model, problem.n_features, dtype):
            raise Unsuitable("it has a bias, and the problem has no intercept")

        def on_device(tensor: Tensor) -> Tensor:
            return tensor.to(device.torch_device, dtype)

        return Setup(
            problem=problem,
            solution=self.solution(problem),
            device=device,
            model=case.model,
            form=find_linear_form(make_model, problem.n_features, problem.n_targets),
            X=on_device(problem.X),
            y=on_device(problem.y),
            features=None if features is None else on_device(features),
            bases=self._bases,
            rounding_gap=self._rounding_gap(problem, dtype),
        )

    def _rounding_gap(self, problem: Problem, dtype: torch.dtype) -> float:
        """Return the relative gap by which rounding the data to a dtype moves the optimum, maybe infinite."""
        X, y = problem.X.to(dtype).double(), problem.y.to(dtype).double()
        if X.equal(problem.X) and y.equal(problem.y):
            return 0.0
        if not bool(X.isfinite().all() & y.isfinite().all()):
            return math.inf
        solution = self.solution(problem)
        try:
            rounded = solve(replace(problem, X=X, y=y)).parameters
        except ProblemError:  # a column of the rounded data may have nothing left
            return math.inf
        d = problem.n_features
        bias = rounded[d] if len(rounded) > d else torch.zeros(problem.n_targets, dtype=torch.float64)
        return solution.theory.relative(float(solution.gap(rounded[:d], bias)))


def _build_model(choice: Choice, problem: Problem) -> nn.Module:
    model = choice.build(problem.n_features, problem.n_targets, **_without_bias(choice, problem))
    if not isinstance(model, torch.nn.Module):
        raise ComponentError(f"model {choice.label!r} made a {type(model).__name__}, not a torch.nn.Module")
    return model


def _without_bias(choice: Choice, problem: Problem) -> dict[str, bool]:
    """Return `bias=False` for a model that takes it, on a problem without intercept, where nobody set it."""
    if problem.intercept or "bias" in choice.params:
        return {}
    accepted = accepted_parameters(choice.component)
    return {"bias": False} if accepted is not None and "bias" in accepted.names else {}
