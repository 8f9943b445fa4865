"""Whatever third-party code does to the process, the next case finds it as it was."""

import random

import pytest
import torch

import linbench
from linbench.core.isolation.isolate import isolate, threads_for

CPU = torch.device("cpu")


def global_state():
    return {
        "generator": torch.get_rng_state().tolist(),
        "grad mode": torch.is_grad_enabled(),
        "default dtype": torch.get_default_dtype(),
        "threads": torch.get_num_threads(),
        "python's random": random.getstate(),
    }


MEDDLING = {
    "draws": lambda: torch.rand(100),
    "seeds": lambda: torch.manual_seed(123),
    "grad mode": lambda: torch.set_grad_enabled(False),
    "default dtype": lambda: torch.set_default_dtype(torch.float64),
    "threads": lambda: torch.set_num_threads(2),
    "python's random": lambda: random.seed(5),
}


@pytest.mark.parametrize("raises", [None, ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("name", MEDDLING)
def test_everything_is_put_back(name, raises):
    before = global_state()
    try:
        with isolate(seed=7, device=CPU, threads=1):
            MEDDLING[name]()
            if raises is not None:
                raise raises
    except (ValueError, KeyboardInterrupt):
        assert raises is not None
    assert global_state() == before


@pytest.mark.parametrize("threads", [1, 2])
def test_inside_the_seed_and_the_threads_are_those_asked_for_and_gradients_are_on(threads):
    with torch.no_grad(), isolate(seed=7, device=CPU, threads=threads):
        drawn = torch.rand(5)
        assert torch.is_grad_enabled()
        assert torch.get_num_threads() == threads
    assert torch.equal(drawn, torch.rand(5, generator=torch.Generator().manual_seed(7)))


def test_what_is_printed_goes_to_stderr(capsys):
    with isolate(seed=0, device=CPU, threads=1):
        print("from a plugin")
    print("result")
    assert capsys.readouterr() == ("result\n", "from a plugin\n")


@pytest.mark.parametrize("work", [0, 10, 999_999])
def test_small_work_gets_one_thread(work):
    assert threads_for(work) == 1


def test_large_work_gets_torchs_threads():
    assert threads_for(1_000_000) == torch.get_num_threads()


class DrawsEverywhere(torch.optim.SGD):
    """Uses each generator that an optimizer may reach for."""

    def step(self, closure=None):
        import numpy

        self.param_groups[0]["lr"] = 0.01 * (random.random() + numpy.random.rand() + torch.rand(()).item())
        return super().step(closure)


def test_whatever_generator_an_optimizer_draws_from_its_seed_decides():
    import numpy  # noqa: F401  as a plugin that draws from it would

    first, again, other = (
        linbench.compare(DrawsEverywhere, "manual", seeds=[seed], epochs=20, timing=False).records[0]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first.final_cost != other.final_cost


def test_an_optimizer_that_leaves_the_program_is_an_error_record():
    def leaving(params, lr):
        raise SystemExit(0)

    good, bad = linbench.compare(["sgd", leaving], "manual", epochs=3, timing=False)
    assert (good.status, bad.status, bad.reason) == ("budget", "error", "SystemExit: 0")
