"""Devices: what is not there is a skipped record with the reason; what is there gives the CPU's numbers."""

import pytest
import torch

import linbench
from linbench.plugins.builtin import torch_device
from linbench.plugins.manager import ALLOW_LIST, load_plugins

CUDA = torch.cuda.is_available()


@pytest.fixture
def no_accelerator(monkeypatch):
    for backend in (torch.cuda, torch.xpu, torch.mps):
        monkeypatch.setattr(backend, "is_available", lambda: False)


@pytest.fixture
def pretend(monkeypatch):
    """Let torch say that it has so many devices of a kind."""

    def run(kind, count):
        monkeypatch.setattr(getattr(torch, kind), "is_available", lambda: count > 0)
        monkeypatch.setattr(getattr(torch, kind), "device_count", lambda: count)

    return run


def compared(devices, **options):
    return list(linbench.compare("sgd:lr=0.02", "manual", devices, epochs=3, timing=False, **options))


def test_the_cpu_is_always_there(no_accelerator):
    (record,) = compared("cpu")
    assert (record.device, record.status, record.epochs_run) == ("cpu", "budget", 3)
    device = torch_device.cpu()
    assert (device.torch_device, device.unavailable()) == (torch.device("cpu"), None)
    assert device.synchronize() is None


@pytest.mark.parametrize(
    ("spec", "label", "reason"),
    [
        ("cuda", "cuda:0", "cuda is not available on this machine"),
        ("cuda:1", "cuda:1", "cuda is not available on this machine"),
        ("cuda:index=2", "cuda:2", "cuda is not available on this machine"),
        ("mps", "mps", "mps is not available on this machine"),
        ("xpu", "xpu:0", "xpu is not available on this machine"),
    ],
)
def test_a_device_that_is_not_there_is_a_skipped_record_with_the_reason(no_accelerator, spec, label, reason):
    skipped, ran = compared([spec, "cpu"])
    assert (skipped.device, skipped.status, skipped.reason) == (label, "skipped", reason)
    assert (skipped.engine, skipped.epochs_run, skipped.final_cost, skipped.weight) == ("none", 0, None, None)
    assert (ran.device, ran.status) == ("cpu", "budget")


@pytest.mark.parametrize(
    ("count", "index", "reason"),
    [
        (1, 0, None),
        (1, 1, "cuda:1 is not there: this machine has 1 cuda device"),
        (2, 1, None),
        (2, 5, "cuda:5 is not there: this machine has 2 cuda devices"),
    ],
)
def test_an_index_beyond_the_last_device_says_how_many_there_are(pretend, count, index, reason):
    pretend("cuda", count)
    assert torch_device.cuda(index).unavailable() == reason


@pytest.mark.parametrize(("present", "chosen"), [((), "cpu"), (("xpu",), "xpu:0"), (("xpu", "cuda"), "cuda:0")])
def test_auto_is_the_first_that_is_there(no_accelerator, pretend, present, chosen):
    for kind in present:
        pretend(kind, 1)
    assert torch_device.auto().name == chosen


def test_auto_is_recorded_as_what_it_stands_for_and_runs_once(no_accelerator):
    assert [record.device for record in compared("auto,cpu")] == ["cpu"]
    assert compared("auto") == compared("cpu")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("gpu", "unknown device 'gpu': did you mean"),
        ("cuda:indx=1", "unknown parameter 'indx' of device 'cuda': did you mean 'index'?"),
        ("cuda:-1", "device 'cuda:index=-1' cannot be used: RuntimeError: "),
        ("cuda:one", "device 'cuda:index=one' cannot be used: TypeError: "),
        ("cpu:1", "device 'cpu' takes no parameter without a name"),
    ],
)
def test_a_device_that_makes_no_sense_is_refused(spec, message):
    with pytest.raises(linbench.UsageError) as raised:
        compared(spec)
    assert str(raised.value).startswith(message)


def test_every_device_can_be_asked_whether_it_is_there():
    catalog = load_plugins(environ={ALLOW_LIST: ""}).catalog
    devices = [offer.component.resolve()() for offer in catalog.of_kind("device")]
    assert {device.torch_device.type for device in devices} >= {"cpu", "cuda", "mps", "xpu"}
    for device in devices:
        reason = device.unavailable()
        assert reason is None or reason.startswith(device.torch_device.type)


@pytest.mark.gpu
@pytest.mark.skipif(not CUDA, reason="needs a CUDA device")
@pytest.mark.parametrize("optimizer", ["sgd", "sgd:momentum=0.9,nesterov=True", "adam", "rmsprop", "adagrad", "lbfgs"])
@pytest.mark.parametrize("problem", ["study-hours", "synthetic:n=50,d=8,condition=20"])
def test_training_on_cuda_gives_the_cpus_numbers(optimizer, problem):
    gpu, cpu = linbench.compare(
        optimizer, "linear", "cuda,cpu", problem, epochs=200, dtype="float64", trajectories=True, timing=False
    )
    assert (gpu.device, cpu.device) == ("cuda:0", "cpu")
    assert gpu.status == cpu.status
    assert gpu.initial_cost == pytest.approx(cpu.initial_cost, rel=1e-12), "the same data, the same start"
    assert gpu.trajectory.cost == pytest.approx(cpu.trajectory.cost, rel=1e-7)


@pytest.mark.gpu
@pytest.mark.skipif(not CUDA, reason="needs a CUDA device")
def test_a_step_on_cuda_is_timed_and_mini_batches_come_in_the_same_order():
    gpu, cpu = linbench.compare("sgd", "manual", "cuda,cpu", epochs=20, batch_size=1, dtype="float64")
    assert gpu.step_time.median > 0
    assert gpu.final_cost == pytest.approx(cpu.final_cost, rel=1e-10)
