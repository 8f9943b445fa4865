"""What recording every epoch costs: the serial engine against the bare loop, per step, 2,000 epochs."""

import pytest
import torch

from linbench.comparison import specs_of
from linbench.core.engines.serial import train
from linbench.core.observer import Observer
from linbench.core.problem.workbench import Workbench
from linbench.core.request.plan import make_plan
from linbench.plugins.manager import load_plugins

from . import bare_six


@pytest.mark.parametrize("model", ["manual", "linear"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_serial_engine_costs_at_most_5_percent_over_the_bare_loop(ratio, optimizer, model):
    torch.set_num_threads(1)
    (case,) = make_plan(
        load_plugins().catalog,
        problems=specs_of("study-hours"),
        devices=specs_of("cpu"),
        models=specs_of(model),
        optimizers=specs_of(optimizer.lower()),
    )
    setup, observer = Workbench().setup(case), Observer()

    def bare():
        bare_six.train(getattr(torch.optim, optimizer), getattr(bare_six, model))

    assert ratio(lambda: train(case, setup, observer), bare, rounds=41) <= 1.05
