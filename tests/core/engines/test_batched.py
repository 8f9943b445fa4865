"""Every lane is the run that the serial engine trains."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import linbench

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def assert_alike(serial, batched):
    """Costs within the tolerance of the initial cost, and what is concluded from them the same."""
    assert [record.key for record in serial] == [record.key for record in batched]
    for one, lane in zip(serial, batched, strict=True):
        a, b = torch.tensor(one.trajectory.cost), torch.tensor(lane.trajectory.cost)
        known = torch.isfinite(a) & (a < 1e6 * a[0])
        scale = torch.maximum(a, a[0])[known]
        assert bool(((a - b).abs()[known] <= TOLERANCE[one.dtype] * scale).all()), one
        assert math.isfinite(one.final_cost) == math.isfinite(lane.final_cost)
        assert (one.status, one.evaluations) == (lane.status, lane.evaluations)
        if one.epochs_to_target is not None:
            assert abs(one.epochs_to_target - lane.epochs_to_target) <= 1
        else:
            assert lane.epochs_to_target is None


BATCHED = ["sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "radam", "rprop"]
OPTIONS = {
    "sgd": ["momentum=0.9", "momentum=0.9,nesterov=True", "momentum=0.5,dampening=0.1,weight_decay=0.01"],
    "adam": ["amsgrad=True", "betas=(0.8,0.9),eps=1e-3", "weight_decay=0.1,decoupled_weight_decay=True"],
    "adamw": ["weight_decay=0.1,amsgrad=True"],
    "rmsprop": ["momentum=0.9,centered=True", "alpha=0.9,weight_decay=0.01"],
    "adagrad": ["lr_decay=0.01,initial_accumulator_value=0.1"],
    "adadelta": ["rho=0.5,weight_decay=0.01"],
    "adamax": ["weight_decay=0.1"],
    "nadam": ["momentum_decay=0.01,weight_decay=0.01,decoupled_weight_decay=True"],
    "radam": ["weight_decay=0.1,decoupled_weight_decay=True"],
    "rprop": ["etas=(0.4,1.3)"],
}
SPECS = [
    *(f"{name}:lr=[0.001,0.01,0.05]" for name in BATCHED),
    *(f"{name}:lr=[0.001,0.01],{options}" for name in BATCHED for options in OPTIONS[name]),
]
PROBLEMS = ["study-hours", "synthetic:n=20,d=4,condition=20,data_seed=1", "synthetic:n=15,d=3,targets=2,data_seed=1"]


@pytest.mark.sampled(keep=25)
@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("spec", SPECS)
def test_lanes_are_serial_runs(both, spec, problem, batch_size):
    serial, batched = both(
        spec, problems=problem, models="manual,linear", seeds=[0, 3], epochs=40, batch_size=batch_size
    )
    assert {record.engine for record in batched} == {"batched"}
    assert_alike(serial, batched)


@pytest.mark.sampled(keep=10)
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("spec", SPECS[: len(BATCHED)])
def test_lanes_are_serial_runs_to_float64_precision(both, spec, problem):
    # Exactness in float64 is asked of smooth optimizers: sign changes of a rounded-off gradient steer Rprop.
    serial, batched = both(spec, problems=problem, seeds=[0, 3], epochs=40, dtype="float64", target=1e-9)
    assert {record.engine for record in batched} == {"batched"}
    assert_alike(serial, batched)


@pytest.mark.parametrize("spec", ["asgd:lr=[0.01,0.02]", "adafactor:lr=[0.01,0.1]", "lbfgs:max_iter=3"])
def test_what_is_not_separable_is_run_another_way_and_right(both, spec):
    serial, batched = both(spec, seeds=[0, 1], epochs=20)
    assert_alike(serial, batched)
    expected = {"asgd": "batched"}.get(spec.partition(":")[0], "serial")  # ASGD: as lanes that share their lr
    assert {record.engine for record in batched} == {expected}


@settings(max_examples=settings.default.max_examples // 4)
@given(
    rates=st.lists(st.floats(1e-5, 0.2), min_size=1, max_size=6, unique=True),
    momentum=st.sampled_from([0.0, 0.3, 0.95]),
    decay=st.sampled_from([0.0, 1e-3, 0.3]),
    name=st.sampled_from(["sgd", "rmsprop"]),
)
def test_any_hyperparameters_give_the_serial_runs(both, rates, momentum, decay, name):
    spec = linbench.Spec(
        name, {"lr": linbench.Sweep(tuple(rates)), "momentum": momentum, "weight_decay": linbench.Sweep((decay, 0.1))}
    )
    assert_alike(*both(spec, models="linear", epochs=25))


ADAM_LIKE = ["adam", "adamw", "nadam", "radam", "adamax"]


@settings(max_examples=settings.default.max_examples // 4)
@given(
    name=st.sampled_from(ADAM_LIKE),
    rates=st.lists(st.floats(1e-4, 0.5), min_size=1, max_size=4, unique=True),
    betas=st.lists(st.tuples(st.floats(0, 0.99), st.floats(0.5, 0.9999)), min_size=1, max_size=3, unique=True),
    eps=st.lists(st.floats(1e-8, 1e-2), min_size=1, max_size=2, unique=True),
)
def test_any_betas_and_eps_give_the_serial_runs(both, name, rates, betas, eps):
    swept = {"lr": rates, "betas": betas, "eps": eps}
    spec = linbench.Spec(name, {key: linbench.Sweep(tuple(values)) for key, values in swept.items()})
    assert_alike(*both(spec, models="manual", epochs=25))


def test_a_diverging_lane_does_not_disturb_its_neighbours():
    calm = linbench.compare("sgd:lr=[0.02,0.01,0.03]", "manual", engine="batched", timing=False)
    wild = linbench.compare("sgd:lr=[0.5,0.01,1e30]", "manual", engine="batched", timing=False)
    assert [record.status for record in wild] == ["diverged", "converged", "diverged"]
    assert wild.records[1] == calm.records[1]


def test_a_target_below_the_rounding_of_costs_is_found_from_the_parameters_in_both_engines(both):
    serial, batched = both("sgd:lr=[0.05,0.1]", models="manual,linear", target=1e-10)
    for one, lane in zip(serial, batched, strict=True):
        assert one.epochs_to_target is not None
        assert abs(one.epochs_to_target - lane.epochs_to_target) <= 1


def deep(d, m):
    return torch.nn.Sequential(torch.nn.Linear(d, 3), torch.nn.Tanh(), torch.nn.Linear(3, m))


@pytest.mark.parametrize("batch_size", [None, 3])
def test_models_of_another_form_are_lanes_too(both, batch_size):
    serial, batched = both("adam:lr=[0.01,0.1]", models=deep, seeds=2, epochs=30, batch_size=batch_size)
    assert {record.engine for record in batched} == {"batched"}
    assert_alike(serial, batched)
    for one, lane in zip(serial, batched, strict=True):
        assert one.gap == pytest.approx(lane.gap, rel=1e-4)


def test_predictions_are_the_serial_ones(both):
    serial, batched = both("sgd:lr=[0.01,0.1]", predict=[5.0])
    assert [r.prediction[0] for r in batched] == pytest.approx([r.prediction[0] for r in serial], rel=1e-5)


@pytest.fixture(scope="module")
def whole_group():
    return adam_in_groups()


def adam_in_groups(**options):
    return linbench.compare("adam", lr="1e-3..0.1@7", engine="batched", timing=False, **options)


@pytest.mark.sampled(keep=2)
@pytest.mark.parametrize("max_lanes", [1, 2, 5])
def test_splitting_a_group_changes_no_number(whole_group, max_lanes):
    for one, other in zip(whole_group, adam_in_groups(max_lanes=max_lanes), strict=True):
        assert one.final_cost == pytest.approx(other.final_cost, rel=1e-6)
        assert one.epochs_to_target == other.epochs_to_target


def test_data_that_follow_the_seed_are_never_shared(both):
    serial, batched = both("sgd:lr=[0.1,0.3]", problems="synthetic:n=12,d=2", seeds=3, epochs=30)
    assert_alike(serial, batched)
    assert len({record.optimum_cost for record in batched}) == 3


class ChecksInItsStep(torch.optim.SGD):
    def step(self, closure=None):
        if self.defaults["lr"] > 0.5:
            raise ValueError("Invalid lr")
        return super().step(closure)


INVALID = ["sgd:lr=[-0.1,0.01,0.02]", "sgd:lr=[0.01,-0.1,0.02]", "adadelta:rho=[0.5,2.0,0.9]"]
INVALID += [linbench.Spec("mine", {"lr": linbench.Sweep((0.01, 0.9, 0.02))}, ChecksInItsStep)]


@pytest.mark.parametrize("spec", INVALID, ids=str)
def test_an_invalid_hyperparameter_is_an_error_of_its_own_case_only(both, spec):
    notes = []
    observer = linbench.Observer()
    observer.note = notes.append
    serial, batched = both(spec, models="manual", seeds=2, epochs=10, observer=observer)
    errors = [record.reason for record in batched if record.status == "error"]
    assert errors == [record.reason for record in serial if record.status == "error"]
    assert len(errors) == 2
    assert all("ValueError: Invalid" in reason for reason in errors)
    valid = [[record for record in records if record.status != "error"] for records in (serial, batched)]
    assert_alike(*valid)
    assert {record.engine for record in valid[1]} == {"batched"}, "the others are lanes nonetheless"
    assert notes == [], "the records say it"


@pytest.mark.sampled(keep=2)
@pytest.mark.parametrize("target", [1e-6, 1e-10])
@pytest.mark.parametrize("batch_size", [None, 3])
def test_stopping_at_the_target_cuts_every_run_at_the_same_epoch_in_both_engines(both, batch_size, target):
    spec = "sgd:lr=[1e-12,0.03,0.1,0.5],rmsprop:lr=0.01"
    arguments = {"models": "manual", "epochs": 1000, "target": target, "batch_size": batch_size}
    serial, batched = both(spec, stop_at_target=True, **arguments)
    whole = linbench.compare(spec, timing=False, trajectories=True, engine="serial", **arguments)
    for one, lane, full in zip(serial, batched, whole, strict=True):
        assert one.epochs_run == lane.epochs_run
        assert one.epochs_run % 50 == 0
        assert one.evaluations == lane.evaluations == one.epochs_run * (1 if batch_size is None else 2)
        assert list(map(repr, one.trajectory.cost)) == list(map(repr, full.trajectory.cost))[: one.epochs_run + 1]
        assert lane.weight[0][0] == pytest.approx(one.weight[0][0], rel=1e-4, nan_ok=True)
        assert one.status == lane.status
        assert one.epochs_to_target == full.epochs_to_target
    assert serial.records[0].epochs_run < 1000  # stalled
    assert serial.records[3].epochs_run < 1000  # diverged


def test_trajectories_of_long_runs_are_thinned_and_keep_their_ends_and_the_crossing():
    (record,) = linbench.compare("sgd:lr=0.05", "manual", epochs=5000, trajectories=True, timing=False)
    epochs = list(record.trajectory.epoch)
    assert len(epochs) <= 2001
    assert {0, 5000, record.epochs_to_target} <= set(epochs)
