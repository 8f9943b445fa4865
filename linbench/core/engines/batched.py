"""Many cases as one training run: each parameter gets a leading axis of lanes, one per case.

Cases that share data, device and optimizer class, and differ in seed, model and numbers only, train together. That
is valid only while the optimizer treats every lane by itself, which is checked in every step (`lanes`). A batch that
turns out not to be separable is dropped and run another way: without the cases that raise in their first step, else as
batches that share their hyperparameters, where only those were the trouble, else serially.
"""

from __future__ import annotations

import inspect
import random
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import torch

from linbench.core.contract.construct import of_parameters_only
from linbench.core.criteria import LOOK_EVERY
from linbench.core.engines.capture import Capture, CapturedEpochs, capture_for
from linbench.core.engines.failing_cases import split_failing
from linbench.core.engines.lane_models import LaneModel, is_linear, lane_model
from linbench.core.engines.lane_scalar import LaneScalar
from linbench.core.engines.lane_watch import LaneWatch
from linbench.core.engines.not_separable import NotSeparable
from linbench.core.engines.replay import Replays, is_torch_class
from linbench.core.engines.separability import SeparabilityCache, user_cache
from linbench.core.engines.serial import SerialEngine, batch_order
from linbench.core.engines.trial import run_trial
from linbench.core.errors import one_line
from linbench.core.isolation.garbage import defer_collection
from linbench.core.isolation.isolate import isolate, threads_for
from linbench.core.observer import Observer
from linbench.core.outcome.judgement import Lookout
from linbench.core.outcome.measurement import Measurement, records
from linbench.core.problem.structure import shape_of

if TYPE_CHECKING:
    from torch import Tensor

    from linbench.core.outcome.record import Record
    from linbench.core.problem.workbench import Setup, Workbench
    from linbench.core.request.plan import Case, Settings

MEMORY_PER_BATCH = 256 * 2**20
"""Bytes that the recorded trajectory of one batch may take; it decides how many lanes a batch has."""

MOST_LANES = 10_000
"""More lanes than this make a run-step no cheaper: the tensors no longer fit the processor's caches."""

WORTH_A_BATCH = 2_500
"""Lanes below which a step's time hardly depends on their number, so that sharing them out gains nothing."""

FEWEST_LANES = 17
"""Smaller batches are filled up, so that the number of lanes is unlike the sizes that small problems have."""


@dataclass(frozen=True, slots=True)
class BatchedEngine:
    """Cases in batches wherever that is valid, the others serially.

    max_lanes: cases per batch at most; None chooses from the sizes. verdicts: what replays found out before.
    """

    max_lanes: int | None = None
    verdicts: SeparabilityCache = field(default_factory=user_cache)
    name: ClassVar[str] = "batched"

    def split(self, cases: Iterable[Case], workbench: Workbench, processes: int = 1) -> Iterator[list[Case]]:
        """The cases in batches that may train together, in the order in which each begins."""
        groups: dict[Hashable, list[Case]] = {}
        for case in cases:
            groups.setdefault(_group(case, workbench), []).append(case)
        for group in groups.values():
            most = self.max_lanes or default_lanes(group[0], workbench)
            if len(groups) < processes:
                most = min(most, max(WORTH_A_BATCH, -(-len(group) * len(groups) // processes)))
            for start in range(0, len(group), most):
                yield group[start : start + most]

    def run(
        self, cases: Sequence[Case], workbench: Workbench, observer: Observer, trajectories: bool | int = False
    ) -> Iterator[Record]:
        """One batch; falls back in steps where it turns out not to be separable."""
        try:
            setups = [workbench.setup(case) for case in cases]
            noticed = self._batchable(cases[0], setups[0])
            measured = self._trained(cases, setups, workbench, observer)
        except (Exception, SystemExit) as why:  # NotSeparable, or whatever third-party code raises
            yield from self._another_way(why, cases, workbench, observer, trajectories)
        else:
            with defer_collection():
                made = records(
                    cases, setups[0], measured, engine=self.name, trajectories=trajectories, warnings=noticed
                )
            yield from made

    def _batchable(self, case: Case, setup: Setup) -> tuple[str, ...]:
        """What a trial noticed about the optimizer. Raises NotSeparable where it needs more than lanes can give."""
        settled = run_trial(case, setup, audit=not is_torch_class(case))
        needs = settled.contract.needs()
        if needs:
            raise NotSeparable(f"it needs {', '.join(needs)}")
        if not of_parameters_only(case.optimizer.component.resolve(), case.optimizer.params):
            raise NotSeparable("it is built from more than parameters")
        return settled.warnings or ()

    def _trained(
        self, cases: Sequence[Case], setups: Sequence[Setup], workbench: Workbench, observer: Observer
    ) -> Measurement:
        """The batch, its steps captured where that is possible; checked. Raises NotSeparable."""
        replays, capture = Replays(workbench, self.verdicts), capture_for(cases[0], setups[0])
        if capture is not None:
            try:
                measured = train_lanes(cases, setups, Observer(), capture)
                replays.check(cases, measured, captured=True)
            except Exception:  # whatever a capture cannot hold, or does not hold rightly
                observer.note(f"{cases[0].optimizer.component.name} runs without a CUDA graph")
            else:
                observer.advanced(len(cases) * cases[0].settings.epochs)
                return measured
        measured = train_lanes(cases, setups, observer)
        replays.check(cases, measured)
        return measured

    def _another_way(
        self,
        why: BaseException,
        cases: Sequence[Case],
        workbench: Workbench,
        observer: Observer,
        trajectories: bool | int,
    ) -> Iterator[Record]:
        raised = not isinstance(why, NotSeparable)
        only = why.only if isinstance(why, NotSeparable) else None
        if raised or only == "hyperparameters":
            refused, others = split_failing(cases, workbench)
            if refused:  # what their records say needs no note
                yield from SerialEngine().run(refused, workbench, observer, trajectories)
                yield from self.run(others, workbench, observer, trajectories) if others else ()
                return
        parts = list(_sharing(only, cases)) if only else []
        if 1 < len(parts) < len(cases):
            for part in parts:
                yield from self.run(part, workbench, observer, trajectories)
            return
        _note_serial(cases, one_line(why) if raised else str(why), observer)
        yield from SerialEngine().run(cases, workbench, observer, trajectories)


def default_lanes(case: Case, workbench: Workbench) -> int:
    """As many lanes as keep a batch's recorded trajectory within `MEMORY_PER_BATCH`."""
    settings = case.settings
    numbers = settings.epochs + 1
    try:
        setup = workbench.setup(case)
    except (Exception, SystemExit):  # its record will say what is wrong
        return 1
    if not setup.resolves(settings.target):
        numbers *= 1 + (setup.X.shape[1] + 1) * setup.y.shape[1]
    bytes_per_lane = setup.X.element_size() * (numbers + 4 * setup.y.numel())
    return max(1, min(MOST_LANES, MEMORY_PER_BATCH // bytes_per_lane))


def train_lanes(
    cases: Sequence[Case], setups: Sequence[Setup], observer: Observer, capture: Capture | None = None
) -> Measurement:
    """Train cases as lanes of one run, to the end of their epochs.

    capture: how to capture a step, for full batches and an optimizer that takes `capturable`.

    Raises NotSeparable at the first call that may mix lanes, and whatever the optimizer raises.
    """
    setup, settings = setups[0], cases[0].settings
    count = len(cases)
    lanes = _distinct_size(count, setup)
    filled = [*range(count), *[count - 1] * (lanes - count)]
    with isolate(cases[0].seed, setup.torch_device, threads_for(setup.work * lanes)):
        model = lane_model([setups[i] for i in filled], [cases[i].seed for i in filled], fused=is_torch_class(cases[0]))
        rows = model.rows(setup.X)
        watch = LaneWatch(lanes, model.shapes)
        state = _random_state()
        with watch:
            params = _lane_params([cases[i].optimizer.params for i in filled], setup)
            if capture is not None:
                params["capturable"] = True
            optimizer = _build(cases[0], model, params)
        recorder = _LaneRecorder(model, setup, settings, lanes)
        step = _step_of(optimizer, watch, plain=is_torch_class(cases[0]))
        batches = _lane_batches(cases, filled, setup, rows)
        if batches is not None:
            epoch = _MiniBatches(model, step, rows, setup.y, batches).run
        elif capture is not None:
            epoch = CapturedEpochs(model, step, rows, setup.y, capture).run
        else:
            epoch = _FullBatch(model, step, rows, setup.y).run
        epochs = _train(epoch, recorder, count, observer)
        if _random_state() != state:
            raise NotSeparable("it draws random numbers")
        return recorder.measurement(count, epochs, -(-len(rows) // (settings.batch_size or len(rows))))


def _train(run_epoch: Callable[[Tensor], None], recorder: _LaneRecorder, count: int, observer: Observer) -> int:
    """The loop; returns the epochs that it took."""
    epochs, stop = recorder.settings.epochs, recorder.settings.stop_at_target
    tick, told = max(1, epochs // 50), 0
    for epoch in range(1, epochs + 1):
        run_epoch(recorder.row())
        recorder.keep_parameters()
        if epoch - told >= tick or epoch == epochs:
            observer.advanced((epoch - told) * count)
            told = epoch
        if stop and epoch % LOOK_EVERY == 0 and recorder.stop_lanes(epoch):
            break
    return epoch


@dataclass(frozen=True, slots=True, eq=False)
class _FullBatch:
    """Epochs of one update."""

    model: LaneModel
    step: Callable[[], None]
    rows: Tensor
    y: Tensor

    def run(self, costs: Tensor) -> None:
        """One epoch; writes the costs (K,) before it."""
        self.model.backward(self.rows, self.y, costs)
        self.step()


@dataclass(frozen=True, slots=True, eq=False)
class _MiniBatches:
    """Epochs of several updates; costs are measured over all rows."""

    model: LaneModel
    step: Callable[[], None]
    rows: Tensor
    y: Tensor
    batches: Callable[[], Iterator[tuple[Tensor, Tensor]]]

    def run(self, costs: Tensor) -> None:
        """One epoch; writes the costs (K,) before it."""
        self.model.measure(self.rows, self.y, costs)
        for rows, y in self.batches():
            self.model.backward(rows, y, None)
            self.step()


def _step_of(optimizer: Any, watch: LaneWatch, *, plain: bool) -> Callable[[], None]:
    """One step under the watch; without the label for the profiler that torch wraps its own in, a tenth of its time."""
    # Only for torch's own classes: with a factory's optimizer there may be hooks that the wrapped step would call.
    bare = getattr(type(optimizer).step, "__wrapped__", None) if plain else None

    def step() -> None:
        with watch:
            if bare is None:
                optimizer.step()
            else:
                bare(optimizer)

    return step


class _LaneRecorder:
    """The costs of every epoch and lane, on the device; the parameters too where costs cannot resolve the target."""

    def __init__(self, model: LaneModel, setup: Setup, settings: Settings, lanes: int) -> None:
        self.model, self.setup, self.settings = model, setup, settings
        self._costs = setup.X.new_empty(settings.epochs + 1, lanes)
        self._row = 0
        exact = not setup.resolves(settings.target) and model.weight_and_bias() is not None
        self._trail: list[tuple[Tensor, Tensor]] | None = [] if exact else None
        self._lookout = Lookout(settings.target * setup.solution.theory.scale, settings.epochs)
        self._looked = 0
        self._stopped = torch.zeros(lanes, dtype=torch.bool)
        self._stops: list[tuple[Tensor, int, _Final]] = []
        self.keep_parameters()

    def row(self) -> Tensor:
        """Where the next epoch's costs go, (K,)."""
        row = self._costs[self._row]
        self._row += 1
        return row

    def keep_parameters(self) -> None:
        """Note W and b as they are now, if they are wanted."""
        if self._trail is not None:
            weight, bias = self.model.weight_and_bias() or (torch.empty(0), torch.empty(0))
            self._trail.append((weight.clone(), bias.clone()))

    def stop_lanes(self, epoch: int) -> bool:
        """Note where the lanes are that may stop after `epoch`; whether no other is left.

        They train on with their batch, but nothing after this is theirs.
        """
        solution, new = self.setup.solution, slice(self._looked, self._row)
        costs = self._costs[new].to("cpu", torch.float64)
        gaps = costs - solution.theory.optimum_cost
        if self._trail is not None:
            gaps = solution.gap(*(torch.stack(values) for values in zip(*self._trail[new], strict=True)))
        self._looked = self._row
        over = self._lookout.may_stop(costs, gaps) & ~self._stopped
        if over.any():
            self._stops.append((over, epoch, self._final()))
            self._stopped |= over
        return bool(self._stopped.all())

    def measurement(self, count: int, epochs: int, steps_per_epoch: int) -> Measurement:
        """Everything about the first `count` lanes; the others only filled the batch up."""
        self.model.measure(self.model.rows(self.setup.X), self.setup.y, self.row())
        final, runs = self._final(), torch.full((len(self._stopped),), epochs)
        for lanes, epoch, earlier in self._stops:
            final = final.with_lanes(lanes, earlier)
            runs[lanes] = epoch
        trail = self._trail
        return Measurement(
            costs=self._costs[: self._row, :count],
            evaluations=(runs[:count] * steps_per_epoch).tolist(),
            weight=None if final.weight is None else final.weight[:count],
            bias=None if final.bias is None else final.bias[:count],
            outputs=None if final.outputs is None else final.outputs[:count],
            weights=None if trail is None else torch.stack([weight[:count] for weight, _ in trail]),
            biases=None if trail is None else torch.stack([bias[:count] for _, bias in trail]),
            predictions=None if final.predictions is None else final.predictions[:count],
            epochs_run=runs[:count].tolist(),
        )

    def _final(self) -> _Final:
        """Copies of what a record tells of the end of its run."""
        setup, model = self.setup, self.model
        weight, bias = model.weight_and_bias() or (None, None)
        return _Final(
            weight=None if weight is None else weight.clone(),
            bias=None if bias is None else bias.clone(),
            outputs=model.outputs(model.rows(setup.X)) if weight is None else None,
            predictions=None if setup.features is None else model.outputs(model.rows(setup.features))[:, 0],
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Final:
    """See `Measurement`."""

    weight: Tensor | None
    bias: Tensor | None
    outputs: Tensor | None
    predictions: Tensor | None

    def with_lanes(self, lanes: Tensor, other: _Final) -> _Final:
        """Itself, with some lanes taken from another."""
        for name in self.__slots__:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is not None:
                mine[lanes] = others[lanes]
        return self


def _group(case: Case, workbench: Workbench) -> Hashable:
    """Cases with the same one may be lanes of one batch; one that cannot be set up stands alone."""
    optimizer = case.optimizer.component
    try:
        setup = workbench.setup(case)
    except (Exception, SystemExit):  # its record will say what is wrong
        return case.key
    model = "" if is_linear(setup) else case.model.label
    structure = tuple((name, shape_of(value)) for name, value in case.optimizer.params.items())
    return (
        case.problem.label,
        setup.problem.fingerprint,
        case.device.label,
        case.settings,
        model,
        optimizer.identity,
        structure,
    )


def _sharing(what: str, cases: Sequence[Case]) -> Iterator[list[Case]]:
    """The cases in parts that have the same hyperparameters, or the same model."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        label = case.model.label if what == "models" else case.optimizer.label
        groups.setdefault(label, []).append(case)
    yield from groups.values()


def _lane_params(params: Sequence[Mapping[str, object]], setup: Setup) -> dict[str, object]:
    """One set of hyperparameters for all lanes: those that differ as lane scalars."""
    first = params[0]
    return {name: _lane_value([one[name] for one in params], setup) for name in first}


def _lane_value(values: Sequence[Any], setup: Setup) -> object:
    first = values[0]
    if all(value is first or value == first for value in values):
        return first
    if isinstance(first, tuple):
        return tuple(_lane_value([value[i] for value in values], setup) for i in range(len(first)))
    return LaneScalar(torch.tensor(values, dtype=torch.float64, device=setup.torch_device))


def _build(case: Case, model: LaneModel, params: dict[str, object]) -> Any:
    """The optimizer over the laned parameters, one tensor at a time where it would take several at once."""
    target = case.optimizer.component.resolve()
    try:
        names = inspect.signature(target).parameters
    except (ValueError, TypeError):
        names = {}  # type: ignore[assignment]
    if "foreach" in names and not params.get("fused"):
        params = {**params, "foreach": False}
    return target(list(model.parameters), **params)


def _lane_batches(
    cases: Sequence[Case], filled: Sequence[int], setup: Setup, rows: Tensor
) -> Callable[[], Iterator[tuple[Tensor, Tensor]]] | None:
    """One pass over the data, every lane in the order that its seed gives the serial engine; None for full batches."""
    size = cases[0].settings.batch_size
    if size is None or size >= len(setup.X):
        return None
    seeds = list(dict.fromkeys(cases[i].seed for i in filled))
    orders = {seed: batch_order(seed, len(setup.X)) for seed in seeds}
    lane_of = torch.tensor([seeds.index(cases[i].seed) for i in filled], device=setup.X.device)

    def one_pass() -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.stack([next(orders[seed]) for seed in seeds]).to(setup.X.device)
        for some in order.split(size, dim=1):  # type: ignore[no-untyped-call]
            chosen = some[0] if len(seeds) == 1 else some[lane_of]
            yield rows[chosen], setup.y[chosen]

    return one_pass


def _distinct_size(count: int, setup: Setup) -> int:
    """At least `count`, and unlike every size that a tensor of the problem may have."""
    n, d, m = len(setup.X), setup.X.shape[1], setup.y.shape[1]
    lanes = max(count, FEWEST_LANES)
    while lanes in (n, d, m, d + 1, d * m, (d + 1) * m):
        lanes += 1
    return lanes


def _random_state() -> tuple[object, ...]:
    return random.getstate(), torch.get_rng_state().tolist()


def _note_serial(cases: Sequence[Case], reason: str, observer: Observer) -> None:
    observer.note(f"{cases[0].optimizer.component.name} runs serially: {reason}")
