"""One optimizer class on study-hours with both models: does it run, what does it need, how far does it come."""

import inspect
import math
import time

import linbench
from linbench.comparison import specs_of
from linbench.core.contract.construct import BASE_NAMES, is_provided
from linbench.core.engines.trial import run_trial
from linbench.core.outcome.record import TRAINED
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.core.request.settings import Settings
from linbench.core.running import runner
from linbench.core.running.execution import Execution
from linbench.plugins.manager import load_plugins

MODELS = ("manual", "linear")
EPOCHS = 2000
TARGET = 1e-6
POINTS = 20
RATES = [10 ** (-4 + 5 * i / (POINTS - 1)) for i in range(POINTS)]
COARSE = [15, 12, 17, 9, 19, 4]
SHORT, LONG = 4.0, 20.0
"""Seconds after which a sweep goes no further than six rates: before any has reached the target, and after."""

FIRST_RATES, WARM = [0.01, 0.1], 20
WHATEVER_THE_EPOCHS = frozenset({"base optimizer", "model", "named_parameters", "linbench's pack"})


def attempt(path):
    """What is known of a class, piece by piece, so that what came before a hang or a crash is kept."""
    try:
        first = linbench.compare(path, MODELS, lr=FIRST_RATES, epochs=WARM, timing=False)
    except linbench.UsageError as error:
        yield {"refused": str(error)}
        return
    trained_last = sorted(first, key=lambda record: record.status in TRAINED)
    yield {"first": {record.model: of_first(record) for record in trained_last}}
    models = [model for model in MODELS if any(r.model == model and r.status in TRAINED for r in first)]
    if not models:
        return
    plan = plan_of(path)
    workbench = Workbench(None, plan.catalog)
    takes = list(dict.fromkeys(constructor_takes(plan.optimizers[0].component.resolve())))
    yield {"needs": [*contract_of(plan, workbench), *takes], "lr": "lr" in plan.optimizers[0].params}
    if "lr" in plan.optimizers[0].params:
        yield from sweep(path, models, workbench, shorten=WHATEVER_THE_EPOCHS.issuperset(takes))
    else:
        yield from (ran(path, model, None, EPOCHS, workbench) for model in models)
    yield {"finished": True}


def sweep(path, models, workbench, *, shorten):
    """Rate by rate. shorten: once one has reached the target, no other needs more epochs than that to beat it."""
    start, fewest, best = time.monotonic(), dict.fromkeys(models, EPOCHS), {}
    left = set(range(POINTS))
    while left:
        if len(left) <= POINTS - len(COARSE) and time.monotonic() - start > (LONG if best else SHORT):
            return
        point = following(left, best.values())
        left.remove(point)
        for model in models:
            run = ran(path, model, RATES[point], fewest[model] if shorten else EPOCHS, workbench)
            yield run
            epochs = run["run"]["epochs_to_target"]
            if epochs is not None and epochs < fewest[model]:
                fewest[model], best[model] = epochs, point


def following(left, best):
    """The six rates all over the range first, then those next to the best so far."""
    coarse = [point for point in COARSE if point in left]
    near = list(best) or COARSE[:1]
    return coarse[0] if coarse else min(left, key=lambda point: min(abs(point - other) for other in near))


def ran(path, model, lr, epochs, workbench):
    # A short horizon makes `stalled` of what is slow only, so runs end early in full ones alone.
    settings = Settings(epochs=max(epochs, 1), target=TARGET, stop_at_target=epochs == EPOCHS)
    plan = plan_of(path, (model,), lr=lr, settings=settings)
    execution = Execution(engine="serial", timing=False)
    (record,) = runner.run(plan, workbench, execution, None)
    return {"run": of_run(record)}


def plan_of(path, models=MODELS, **options):
    return make_plan(
        load_plugins(()).catalog,
        optimizers=specs_of(path),
        models=specs_of(",".join(models)),
        devices=specs_of("cpu"),
        problems=specs_of("study-hours"),
        **options,
    )


def of_first(record):
    moved = record.final_cost != record.initial_cost
    return {"status": record.status.value, "engine": record.engine, "reason": record.reason, "moved": moved}


def of_run(record):
    return {
        "model": record.model,
        "lr": record.params.get("lr"),
        "status": record.status.value,
        "reason": record.reason if record.status not in TRAINED else None,
        "engine": record.engine,
        "epochs_to_target": record.epochs_to_target,
        "relative_gap": smallest_gap(record),
        "warnings": list(record.warnings),
    }


def smallest_gap(record):
    """The smaller of the final relative gap and, by the recorded costs, the best on the way; None without either."""
    gaps = [record.relative_gap]
    if record.theory is not None and record.best_cost is not None:
        gaps.append((record.best_cost - record.theory.optimum_cost) / record.theory.scale)
    return min((gap for gap in gaps if gap is not None and math.isfinite(gap) and gap >= 0), default=None)


def contract_of(plan, workbench):
    """What the loop has to do for it."""
    found = {}
    for case in plan:
        try:
            contract = run_trial(case, workbench.setup(case), audit=False).contract
        except Exception:  # its reason is in the record of the first run
            continue
        found.update((f"{contract.backward}()" if need == "backward" else need, True) for need in contract.needs())
    return list(found)


def constructor_takes(target):
    """What its constructor wants beyond parameters, and the harness has."""
    for name, parameter in inspect.signature(target).parameters.items():
        if name == "run":
            yield "linbench's pack"
        elif parameter.default is parameter.empty and is_provided(name):
            if name in BASE_NAMES:
                yield "base optimizer"
            elif name not in ("params", "parameters", "param_groups"):
                yield name
