"""Optimizers that need more than zero_grad, backward, step get it; what is silently wrong is said."""

import copy

import needy
import pytest
import torch

import linbench
from linbench import Contract
from linbench.comparison import specs_of
from linbench.core.engines.trial import run_trial
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.plugins.manager import load_plugins

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]], dtype=torch.float64)
Y = torch.tensor([[50.0], [70.0], [90.0], [85.0]], dtype=torch.float64)
EPOCHS, LR = 60, 0.01


def run(optimizer, model="manual", **arguments):
    settings = {"epochs": EPOCHS, "lr": LR, "timing": False, "trajectories": True, "dtype": "float64", **arguments}
    (record,) = linbench.compare([optimizer], model, **settings).records
    return record


class Line(torch.nn.Module):
    """W and b, each of shape (1,), as the `manual` model has them."""

    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.b = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

    def cost(self):
        return torch.mean((X * self.W + self.b - Y) ** 2)


def by_hand(step, epochs=EPOCHS):
    """The costs of a loop written out: `step(model)` takes one step of whatever it likes."""
    model, costs = Line(), []
    for _ in range(epochs):
        costs.append(model.cost().item())
        step(model)
    return [*costs, model.cost().item()]


def descent(model, lr=LR, perturbation=None):
    model.zero_grad()
    model.cost().backward()
    with torch.no_grad():
        for p in model.parameters():
            p.sub_(p.grad, alpha=lr)


def same_costs(record, costs):
    return list(record.trajectory.cost) == pytest.approx(costs, rel=1e-12)


PLAIN_DESCENT = [
    (needy.WantsClosure, ["closure"], EPOCHS),
    (needy.OfModel, [], EPOCHS),
    (needy.Fused, ["backward"], EPOCHS),
    (needy.SparseOnly, ["sparse"], EPOCHS),
    (needy.Refreshes, ["curvature_every"], EPOCHS + EPOCHS // 10),
    (needy.Storage, [], EPOCHS),
    (needy.ClearsGradients, [], EPOCHS),
    (needy.LeavesGradOff, ["enable_grad"], EPOCHS),
    (needy.from_run, [], EPOCHS),
    (needy.swallows_lr, [], EPOCHS),
]


@pytest.mark.parametrize(("optimizer", "needs", "evaluations"), PLAIN_DESCENT, ids=lambda v: getattr(v, "__name__", ""))
def test_whatever_an_optimizer_needs_its_steps_are_those_of_gradient_descent(optimizer, needs, evaluations):
    record = run(optimizer)
    assert same_costs(record, by_hand(descent))
    assert record.evaluations == evaluations
    assert needs_of(optimizer) == needs


def needs_of(optimizer):
    plan = make_plan(
        load_plugins().catalog,
        optimizers=specs_of([optimizer]),
        models=specs_of("manual"),
        devices=specs_of("cpu"),
        problems=specs_of("study-hours"),
    )
    (case,) = plan
    return run_trial(case, Workbench(None, plan.catalog).setup(case)).contract.needs()


def test_a_closure_after_a_first_gradient_is_the_two_steps_of_sharpness_awareness():
    def step(model, rho=0.05):
        model.zero_grad()
        model.cost().backward()
        ascent = [p.grad.clone() for p in model.parameters()]
        norm = torch.stack([g.norm() for g in ascent]).norm() + 1e-12
        start = copy.deepcopy(model.state_dict())
        with torch.no_grad():
            for p, g in zip(model.parameters(), ascent, strict=True):
                p.add_(g, alpha=float(rho / norm))
        model.zero_grad()
        model.cost().backward()
        with torch.no_grad():
            for name, p in model.named_parameters():
                p.copy_(start[name]).sub_(p.grad, alpha=LR)

    record = run(needy.Ascends)
    assert same_costs(record, by_hand(step))
    assert record.evaluations == 2 * EPOCHS


def test_a_gradient_with_a_graph_where_curvature_is_taken_from_it():
    # The Hessian of the mean square of Wx + b − y is constant: 2·mean(x²), 2·mean(x), 2.
    rows = [2 * (X**2).mean() + 2 * X.mean(), 2 * X.mean() + 2]

    def step(model):
        model.zero_grad()
        model.cost().backward()
        with torch.no_grad():
            for p, row in zip(model.parameters(), rows, strict=True):
                p.sub_(p.grad / row, alpha=LR)

    assert same_costs(run(needy.Curved), by_hand(step))


def test_costs_are_those_of_the_evaluation_parameters_and_training_goes_on_from_its_own():
    model, costs, means = Line(), [], [0.0, 0.0]
    for steps in range(EPOCHS + 1):
        shown = Line()
        with torch.no_grad():
            for p, mean in zip(shown.parameters(), means, strict=True):
                p.fill_(mean)
        costs.append(shown.cost().item())
        descent(model)
        means = [m + (p.item() - m) / (steps + 1) for m, p in zip(means, model.parameters(), strict=True)]
    record = run(needy.Averaged)
    assert same_costs(record, costs)
    (W,), b = record.weight[0], record.bias[0]
    assert record.final_cost == pytest.approx(torch.mean((X * W + b - Y) ** 2).item(), rel=1e-12)


def test_a_wrapper_gets_the_optimizer_that_the_spec_names_with_the_lr_of_the_run():
    record = run("needy.Wraps:optimizer='sgd:momentum=0.5'")
    model = Line()
    optimizer = needy.Wraps(torch.optim.SGD(model.parameters(), lr=LR, momentum=0.5))
    costs = []
    for _ in range(EPOCHS):
        cost = model.cost()
        costs.append(cost.item())
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    assert same_costs(record, [*costs, model.cost().item()])


@pytest.mark.parametrize(("batch_size", "total"), [(None, EPOCHS), (1, 4 * EPOCHS), (3, 2 * EPOCHS)])
def test_the_length_of_the_run_is_known_to_whoever_asks(batch_size, total):
    seen = []

    def scheduled(params, total_steps, lr=LR):
        seen.append(total_steps)
        return torch.optim.SGD(params, lr=lr)

    run(scheduled, batch_size=batch_size)
    assert set(seen) == {total}


def test_a_factory_that_asks_for_the_run_gets_all_of_it():
    seen = []

    def curious(run, lr=LR):
        seen.append(run)
        return run.base("adam", [run.params[0]])

    record = run(curious, seeds=[3], batch_size=2)
    context = seen[-1]
    assert (context.epochs, context.steps_per_epoch, context.total_steps) == (EPOCHS, 2, 2 * EPOCHS)
    assert (context.batch_size, context.data_size, context.seed, context.lr) == (2, 4, 3, LR)
    assert [name for name, _ in context.named_params] == [name for name, _ in context.model.named_parameters()]
    assert record.bias[0] == 0, "its optimizer was given the weight only"
    with pytest.raises(RuntimeError, match="while the optimizer steps"):
        context.closure()
    with pytest.raises(AttributeError):
        context.epochs = 1


def test_a_model_without_a_matrix_is_skipped_by_an_optimizer_of_matrices_with_its_reason():
    record = run(needy.MatricesOnly)
    assert (record.status, record.engine) == ("skipped", "none")
    assert "only 2D parameters are supported" in record.reason


def test_an_optimizer_of_matrices_has_a_companion_for_the_rest():
    record = run(needy.MatricesOnly, "linear")
    model = torch.nn.Linear(1, 1)
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1).to(torch.float64)
    weight, bias = torch.optim.SGD([model.weight], lr=LR), torch.optim.AdamW([model.bias], lr=LR)
    for _ in range(EPOCHS):
        model.zero_grad()
        torch.mean((model(X) - Y) ** 2).backward()
        weight.step()
        bias.step()
    assert record.weight[0][0] == pytest.approx(model.weight.item(), rel=1e-9)
    assert record.bias[0] == pytest.approx(model.bias.item(), rel=1e-9)


WARNED = [
    (needy.swallows_lr, "lr had no effect"),
    (needy.NeverCalls, "step never called its closure"),
    (needy.LeavesGradOff, "its steps change torch's grad mode; that is put back after each run"),
    (needy.Frozen, "the cost never changed: the parameters did not move, or too little for it to show"),
]


@pytest.mark.parametrize("engine", ["serial", "auto"])
@pytest.mark.parametrize(("optimizer", "warning"), WARNED)
def test_what_is_silently_wrong_is_said_in_the_record(optimizer, warning, engine):
    assert warning in run(optimizer, engine=engine).warnings


def test_a_misspelt_parameter_that_is_swallowed_is_said():
    record = run("needy.swallows_lr:max_lr=0.02,momentun=0.9")
    assert "momentun had no effect" in record.warnings


class Blank(needy.Averaged):
    def _swap(self):
        """The mode switch that does nothing."""


def test_modes_that_switch_nothing_are_said():
    assert "eval() leaves the parameters as they are" in run(Blank).warnings


@pytest.mark.parametrize("name", ["sgd", "adam", "lbfgs", "rmsprop:momentum=0.9"])
def test_nothing_is_said_of_what_is_right(name):
    assert run(name, epochs=5).warnings == ()


@pytest.mark.parametrize("optimizer", [needy.LeavesGradOff, needy.NeverCalls, needy.Averaged, needy.Curved])
def test_the_next_case_is_as_if_nothing_had_been_before(optimizer):
    alone = run("adam")
    records = linbench.compare(
        [optimizer, "adam"], "manual", epochs=EPOCHS, lr=LR, timing=False, trajectories=True, dtype="float64"
    ).records
    assert records[1] == alone


def test_a_declared_contract_is_kept_to():
    component = linbench.Component("optimizer", "declared", needy.WantsClosure, contract=Contract(closure=True))
    assert component.contract.needs() == ["closure"]
    defaults = Contract(closure=True, modes=True)
    assert Contract(closure=False).with_defaults(defaults) == Contract(closure=False, modes=True)
    with pytest.raises(linbench.ComponentError, match="must be at least 1, not 0"):
        Contract(curvature_every=0)
    with pytest.raises(linbench.ComponentError, match="contract must be a linbench"):
        linbench.Component("optimizer", "x", needy.Frozen, contract={"closure": True})


def test_what_makes_no_step_is_an_error_that_says_so():
    def nothing(params, lr):
        return object()

    record = run(nothing)
    assert (record.status, record.reason) == ("error", "TypeError: it made a object, which has no step()")


def test_finding_out_what_an_optimizer_needs_does_not_move_where_training_starts():
    first, second = (run(optimizer, "linear", epochs=2) for optimizer in (needy.WantsClosure, "sgd"))
    assert first.initial_cost == second.initial_cost
    assert run(needy.WantsClosure, "linear", epochs=2, engine="serial").trajectory == first.trajectory


def test_a_factory_without_named_parameters_gets_the_models_parameters():
    def loose(*args, **kwargs):
        return torch.optim.SGD(*args, **kwargs)

    def keywords(*, run, lr=LR):
        return torch.optim.SGD(run.params, lr=lr)

    assert same_costs(run(loose), by_hand(descent))
    assert same_costs(run(keywords), by_hand(descent))
