"""Captured steps: what a graph would launch again gives the runs of the uncaptured batch."""

import importlib

import pytest
import torch

import linbench
from linbench.core.engines import batched, capture

CAPTURABLE = ["adam", "adamw", "rmsprop", "adadelta", "nadam"]
SPECS = [*(f"{name}:lr=[0.001,0.01,0.05]" for name in CAPTURABLE), "adam:betas=[(0.9,0.99),(0.8,0.999)],amsgrad=True"]


def compared(specs, **arguments):
    return linbench.compare(specs, "manual,linear", timing=False, trajectories=True, engine="batched", **arguments)


def assert_same(captured, eager):
    for one, other in zip(captured, eager, strict=True):
        assert (one.engine, one.status, one.epochs_to_target) == ("batched", other.status, other.epochs_to_target)
        difference = torch.tensor(one.trajectory.cost) - torch.tensor(other.trajectory.cost)
        assert float(difference.abs().max()) <= 1e-5 * other.initial_cost


@pytest.fixture
def captures(monkeypatch):
    """Let the processor stand in for a GPU: torch takes `capturable` there, and a capture notes what it was given."""
    for name in CAPTURABLE:
        module = importlib.import_module(f"torch.optim.{name}")
        if not hasattr(module, "_get_capturable_supported_devices"):
            continue
        monkeypatch.setattr(module, "_get_capturable_supported_devices", lambda *_, **__: ["cpu", "cuda"])
    taken = []

    def record(launch):
        taken.append(launch)
        return launch

    monkeypatch.setattr(batched, "capture_for", lambda case, setup: record)
    return taken


@pytest.mark.parametrize("spec", SPECS)
def test_a_capturable_step_gives_the_runs_of_the_plain_one(captures, monkeypatch, spec):
    captured = compared(spec, epochs=100)
    assert len(captures) == 1, "one capture for the whole run"
    monkeypatch.setattr(batched, "capture_for", lambda case, setup: None)
    assert_same(captured, compared(spec, epochs=100))


def test_what_cannot_be_captured_runs_as_it_would_have(monkeypatch):
    def fails(launch):
        raise RuntimeError("operation not permitted when stream is capturing")

    eager = compared("adam:lr=[0.01,0.1]", epochs=20)
    monkeypatch.setattr(batched, "capture_for", lambda case, setup: fails)
    assert compared("adam:lr=[0.01,0.1]", epochs=20).records == eager.records


def test_a_capture_that_launches_something_else_is_found_out(captures, monkeypatch):
    monkeypatch.setattr(batched, "capture_for", lambda case, setup: lambda launch: lambda: None)
    stuck = compared("adam:lr=[0.01,0.1]", epochs=20)
    monkeypatch.setattr(batched, "capture_for", lambda case, setup: None)
    assert stuck.records == compared("adam:lr=[0.01,0.1]", epochs=20).records


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("spec", SPECS)
def test_a_cuda_graph_gives_the_serial_runs(spec, monkeypatch):
    used = []
    monkeypatch.setattr(capture, "cuda_graph", lambda launch, make=capture.cuda_graph: used.append(1) or make(launch))
    captured = compared(spec, devices="cuda", epochs=200)
    assert used
    serial = linbench.compare(
        spec, "manual,linear", "cuda", timing=False, trajectories=True, engine="serial", epochs=200
    )
    assert_same(captured, serial)
