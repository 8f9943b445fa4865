"""A few steps on a throw-away model, to find out what an optimizer needs and to notice what is silently wrong.

What an optimizer shows by its methods is looked at first (`driver.inspect_needs`). What it shows by failing only, a
missing closure, a gradient without a graph, is tried in turn, and the first contract that works is kept. Authors are
not asked to declare it: that would leave out every package that is already there. Cases that differ in the size of
numbers only share one trial.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from linbench.core.contract.contract import Contract
from linbench.core.contract.run_context import RunContext
from linbench.core.engines.driver import Driver, make_driver
from linbench.core.errors import Unsuitable, one_line
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.problem.structure import shape_of
from linbench.core.request.parameters import accepted_parameters

if TYPE_CHECKING:
    from torch import Tensor, nn

    from linbench.core.problem.workbench import Setup
    from linbench.core.request.case import Case

STEPS = 12
"""Steps of a trial: more than the ten after which curvature is refreshed (Liu et al. 2023, Sophia)."""

GRAD_MODE = "torch's grad mode"

_WANTS_GRAPH = re.compile(r"grad_fn|create_graph|does not require grad|not have been used in the graph")
_WANTS_SPARSE = re.compile(r"dense gradient|not support dense|sparse gradients? (is|are) required|expected sparse")
_LACKS_MODE = re.compile(r"has no attribute '(train|eval)'")
_WANTS_MATRIX = re.compile(r"\b2-?d\b|two[- ]dimension|\bndim\b|matrix|matrices|dimension")


@dataclass(frozen=True, slots=True)
class TrialResult:
    """The contract that a trial found, with nothing left open, and what a user should be warned of.

    warnings: None where nobody looked for any.
    """

    contract: Contract
    warnings: tuple[str, ...] | None = None


def run_trial(case: Case, setup: Setup, *, audit: bool = True) -> TrialResult:
    """Find out what the case's optimizer needs, once for all cases of its structure.

    audit: look for what is silently wrong too. Raises Unsuitable where it refuses all of the model's parameters, and
    whatever it raises in a few steps under every contract that its errors hint at.
    """
    key: Hashable = (
        case.optimizer.component.identity,
        tuple((name, shape_of(value)) for name, value in case.optimizer.params.items()),
    )
    known: TrialResult | None = setup.trial_results.get(key)
    if known is None or (audit and known.warnings is None):
        trial = _Trial(case, setup)
        contract = trial.find_contract() if known is None else known.contract
        known = setup.trial_results[key] = TrialResult(contract, tuple(trial.audit(contract)) if audit else None)
    return known


@dataclass(frozen=True, slots=True, eq=False)
class _Trial:
    case: Case
    setup: Setup

    def find_contract(self) -> Contract:
        """Return the first contract under which the steps can be taken."""
        contract = self.case.optimizer.component.contract or Contract()
        while True:
            try:
                return self._simplify(contract, self.run(contract))
            except Exception as error:  # third-party code; what it raises says what it wants, or is raised again
                revision = _revise(contract, error, self._start())
                if revision is None:
                    raise
                contract = revision

    def _simplify(self, contract: Contract, end: _TrialEnd) -> Contract:
        """Return the contract that worked, without a first gradient that makes no difference (WSAM takes its own)."""
        found = end.driver.contract
        if GRAD_MODE in end.changed_state:
            found = replace(found, enable_grad=True)
        if not found.backward_first or contract.backward_first:
            return found
        simpler = replace(found, backward_first=False)
        try:
            same = _equal(end.parameters, self.run(simpler).parameters)
        except Exception:  # it does make a difference
            return found
        return simpler if same else found

    def run(self, contract: Contract, params: Mapping[str, object] | None = None) -> _TrialEnd:
        """Take a few steps from the case's own start."""
        case, setup = self.case, self.setup
        params = case.optimizer.params if params is None else params
        with isolate(case.seed, setup.torch_device, threads_for(setup.work)):
            model = setup.make_model()
            before = _global_state()
            run = run_context(case, setup, model, params)
            driver = make_driver(case.optimizer.component, params, run, contract)
            cost = make_cost(setup, model)
            evaluations = sum(driver.step(cost, make_sampled_cost(setup, model, case.seed)) for _ in range(STEPS))
            changed_state = [name for name, value in _global_state().items() if value != before[name]]
            parameters = _copy_parameters(model)
            with driver.evaluation_mode():
                evaluation_parameters = _copy_parameters(model)
        return _TrialEnd(
            driver=driver,
            parameters=parameters,
            evaluation_parameters=evaluation_parameters,
            evaluations=evaluations,
            changed_state=changed_state,
        )

    def audit(self, contract: Contract) -> Iterator[str]:
        """Yield what no error tells: settings without effect, modes that do nothing, global state that is changed."""
        plain = self.run(contract)
        again = self.run(contract)
        if not _equal(plain.parameters, again.parameters):
            yield "two runs from the same start and seed differ"
            return
        yield from (f"its steps change {what}; that is put back after each run" for what in plain.changed_state)
        if contract.closure and plain.evaluations == 0:
            yield "step never called its closure"
        if contract.modes and _equal(plain.parameters, plain.evaluation_parameters):
            yield "eval() leaves the parameters as they are"
        yield from self._find_ineffective(contract, plain)

    def _find_ineffective(self, contract: Contract, plain: _TrialEnd) -> Iterator[str]:
        params = self.case.optimizer.params
        lr = params.get("lr")
        finite = all(bool(torch.isfinite(parameter).all()) for parameter in plain.parameters)
        if not finite or _equal(plain.parameters, self._start()):
            return  # blown up, or never moved: nothing can have an effect
        # Some optimizers bound their steps: there only a much larger lr shows that it has an effect.
        larger = [{**params, "lr": factor * lr} for factor in (2, 1_000)] if isinstance(lr, int | float) and lr else []
        if larger and all(self._ends_alike(contract, plain, other) for other in larger):
            yield "lr had no effect"
        accepted = accepted_parameters(self.case.optimizer.component)
        if accepted is None or not accepted.any_keyword:
            return
        for name in params:
            others = {key: value for key, value in params.items() if key != name}
            if name != "lr" and name not in accepted.names and self._ends_alike(contract, plain, others):
                yield f"{name} had no effect"

    def _ends_alike(self, contract: Contract, plain: _TrialEnd, params: Mapping[str, object]) -> bool:
        """Return whether other hyperparameters lead to the same parameters."""
        try:
            other = self.run(contract, params)
        except Exception:  # it matters: without it, or with another value, nothing works
            return False
        return _equal(plain.parameters, other.parameters)

    def _start(self) -> list[Tensor]:
        with isolate(self.case.seed, self.setup.torch_device, threads=1):
            return _copy_parameters(self.setup.make_model())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _TrialEnd:
    """The end of a trial's steps.

    evaluation_parameters: those that are to be judged. evaluations: of cost and gradient. changed_state: the names of
    global settings that the steps have changed.
    """

    driver: Driver
    parameters: list[Tensor]
    evaluation_parameters: list[Tensor]
    evaluations: int
    changed_state: list[str]


def run_context(case: Case, setup: Setup, model: nn.Module, params: Mapping[str, object] | None = None) -> RunContext:
    """Return what a factory may know of a case's run. params: the optimizer's, where they are not the case's."""
    rows, settings = len(setup.X), case.settings
    batch_size = min(settings.batch_size or rows, rows)
    lr = (case.optimizer.params if params is None else params).get("lr")

    def make_base(spec: str, params: Sequence[Tensor] | None = None) -> Any:
        return setup.bases.make(spec, lr, list(model.parameters()) if params is None else params)

    return RunContext(
        model=model,
        epochs=settings.epochs,
        steps_per_epoch=-(-rows // batch_size),
        batch_size=batch_size,
        data_size=rows,
        seed=case.seed,
        lr=lr if isinstance(lr, int | float) else None,
        base=make_base,
        base_factory=setup.bases.factory,
    )


def make_cost(setup: Setup, model: nn.Module) -> Callable[[], Tensor]:
    """Return a function that evaluates the cost over all rows."""
    return lambda: torch.mean((model(setup.X) - setup.y) ** 2)


def make_sampled_cost(setup: Setup, model: nn.Module, seed: int) -> Callable[[], Tensor]:
    """Return a function that evaluates the cost on targets drawn from the model itself: output + N(0, 1) noise.

    Its squared gradient estimates the Gauss-Newton curvature, as Sophia-G asks (Liu et al. 2023, algorithm 2).
    """
    generator = torch.Generator().manual_seed(seed)

    def cost() -> Tensor:
        output: Tensor = model(setup.X)
        noise = torch.randn(output.shape, generator=generator, dtype=torch.float64).to(output)
        return torch.mean((output - (output.detach() + noise)) ** 2)

    return cost


def _revise(contract: Contract, error: Exception, parameters: Sequence[Tensor]) -> Contract | None:
    """Return the next contract to try, by what the error says; None where it says nothing new."""
    text = f"{type(error).__name__} {error}".lower()
    if "closure" in text and contract.closure is None:
        return replace(contract, closure=True)
    if _WANTS_GRAPH.search(text) and contract.create_graph is None:
        return replace(contract, create_graph=True)
    if _WANTS_SPARSE.search(text) and contract.sparse is None:
        return replace(contract, sparse=True)
    if _WANTS_MATRIX.search(text) and contract.matrices is None:
        if not any(parameter.ndim == 2 for parameter in parameters):
            raise Unsuitable(one_line(error)) from error
        return replace(contract, matrices=True)
    if contract.modes is None and _LACKS_MODE.search(text):
        return replace(contract, modes=False)
    if contract.closure and contract.backward_first is None:
        return replace(contract, backward_first=True)
    return None


def _global_state() -> dict[str, object]:
    return {
        GRAD_MODE: torch.is_grad_enabled(),
        "torch's default dtype": torch.get_default_dtype(),
        "torch's number of threads": torch.get_num_threads(),
    }


def _copy_parameters(model: nn.Module) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def _equal(some: list[Tensor], others: list[Tensor]) -> bool:
    return all(torch.allclose(a, b, 0, 0, equal_nan=True) for a, b in zip(some, others, strict=True))
