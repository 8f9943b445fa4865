"""A comparison is the same whatever its caller has set, and its caller's settings are as they were afterwards."""

import contextlib
import random
import warnings

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

import linbench
from linbench.core.isolation.process_state import restore_process_state


class Doubling(TorchFunctionMode):
    """Doubles what `torch.mean` returns."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        return result * 2 if function is torch.mean else result


class Halving(TorchDispatchMode):
    """Halves what multiplication returns, beneath autograd."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        return result / 2 if function is torch.ops.aten.mm.default else result


@contextlib.contextmanager
def setting(change):
    """Call `change` inside; nothing that it changes is left."""
    with restore_process_state():
        change()
        yield


@contextlib.contextmanager
def flushing():
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


CONTEXTS = {
    "default dtype float64": lambda: setting(lambda: torch.set_default_dtype(torch.float64)),
    "default dtype float16": lambda: setting(lambda: torch.set_default_dtype(torch.float16)),
    "default device": lambda: setting(lambda: torch.set_default_device("meta")),
    "with a device": lambda: torch.device("meta"),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "inference mode": torch.inference_mode,
    "no grad": torch.no_grad,
    "anomaly detection": torch.autograd.detect_anomaly,
    "deterministic": lambda: setting(lambda: torch.use_deterministic_algorithms(True)),
    "matmul precision": lambda: setting(lambda: torch.set_float32_matmul_precision("medium")),
    "denormals flushed": flushing,
    "a function mode": Doubling,
    "a dispatch mode": Halving,
    "hooks of saved tensors": lambda: torch.autograd.graph.saved_tensors_hooks(lambda x: x + 1, lambda x: x),
    "another seed": lambda: setting(lambda: (torch.manual_seed(5), random.seed(5), np.random.seed(5))),
    "several threads": lambda: setting(lambda: torch.set_num_threads(2)),
    "numpy raises": lambda: np.errstate(all="raise"),
    "warnings are errors": lambda: warnings.catch_warnings(action="error"),
}


def trained(engine):
    """The numbers of both built-in models and of two methods, of which one takes a closure."""
    comparison = linbench.compare(
        "adam,lbfgs",
        "manual,linear",
        problems="synthetic:n=8,d=2",
        epochs=3,
        engine=engine,
        timing=False,
    )
    return [record.to_dict() for record in comparison]


@pytest.fixture(scope="module", params=["serial", "batched"])
def engine(request):
    return request.param


@pytest.fixture(scope="module")
def ordinary(engine):
    return trained(engine)


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.sampled(keep=18)
@pytest.mark.parametrize("name", CONTEXTS)
def test_a_comparison_is_the_same_whatever_its_caller_has_set(engine, ordinary, name):
    with CONTEXTS[name]():
        assert trained(engine) == ordinary


def state():
    return (
        torch.get_default_dtype(),
        torch.zeros(1).device.type,
        torch.is_autocast_enabled("cpu"),
        torch.is_inference_mode_enabled(),
        torch.is_grad_enabled(),
        torch.is_anomaly_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.get_float32_matmul_precision(),
        (torch.ones(1, dtype=torch.float64, device="cpu") * 2.0**-1060 * 0.5 == 0).item(),
        torch.get_rng_state().tolist(),
        random.getstate(),
        torch.get_num_threads(),
        np.geterr(),
        torch.overrides._len_torch_function_stack(),
        torch._C._len_torch_dispatch_stack(),
    )


@pytest.mark.filterwarnings("ignore:Anomaly Detection")
@pytest.mark.parametrize("name", [name for name in CONTEXTS if "device" not in name])
def test_the_callers_settings_are_as_before_afterwards(name):
    with CONTEXTS[name]():
        before = state()
        linbench.compare("sgd", "manual", epochs=1, timing=False)
        assert state() == before


@pytest.mark.parametrize("name", ["default device", "with a device"])
def test_the_callers_default_device_is_as_before_afterwards(name):
    with CONTEXTS[name]():
        linbench.compare("sgd", "manual", epochs=1, timing=False)
        assert torch.zeros(1).device.type == "meta"


def test_a_tuning_is_the_same_whatever_its_caller_has_set():
    def tuned():
        return linbench.tune("sgd", "linear", budget=3, seeds=1, epochs=20).to_json()

    ordinary = tuned()
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.inference_mode(), CONTEXTS["default dtype float64"]():
        assert tuned() == ordinary


@pytest.mark.parametrize("name", ["inference mode", "no grad", "default dtype float64", "autocast"])
def test_a_problem_may_be_made_in_the_same_context(name):
    def compared():
        X = torch.arange(1.0, 5.0, dtype=torch.float64)[:, None]
        problem = linbench.Problem(X, torch.tensor([50.0, 70.0, 90.0, 85.0], dtype=torch.float64))
        return [record.to_dict() for record in linbench.compare("sgd", problems=problem, epochs=3, timing=False)]

    ordinary = compared()
    with CONTEXTS[name]():
        assert compared() == ordinary


def test_solve_is_the_same_whatever_its_caller_has_set():
    def solved():
        X = torch.tensor([[1.0], [2.0], [4.0]], dtype=torch.float64, device="cpu")
        y = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64, device="cpu")
        return linbench.solve(linbench.Problem(X, y)).theory

    ordinary = solved()
    for name in ("autocast", "inference mode", "default dtype float16"):
        with CONTEXTS[name]():
            assert solved() == ordinary
