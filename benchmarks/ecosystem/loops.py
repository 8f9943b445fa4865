"""Plain training loops as the packages document them, without anything of linbench, and what each is tried on."""

import importlib
from dataclasses import dataclass
from typing import Any

import torch

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
Y = torch.tensor([[50.0], [70.0], [90.0], [85.0]])


def costs_of(hand, dtype, epochs):
    """The cost before every step and after the last one, of `nn.Linear` from seed 0."""
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1).to(dtype)
    x, y = X.to(dtype), Y.to(dtype)
    optimizer = hand.make(model, hand.lr)

    def cost():
        return torch.mean((model(x) - y) ** 2)

    def judged():
        with torch.no_grad():
            return cost().item()

    if hand.modes:
        optimizer.train()
    costs = []
    for epoch in range(epochs):
        costs.append(in_eval_mode(optimizer, judged) if hand.modes and epoch else judged())
        hand.step(optimizer, cost)
    return [*costs, in_eval_mode(optimizer, judged) if hand.modes else judged()]


def in_eval_mode(optimizer, judged):
    optimizer.eval()
    cost = judged()
    optimizer.train()
    return cost


def plain(optimizer, cost):
    optimizer.zero_grad()
    cost().backward()
    optimizer.step()


def closure_of(optimizer, cost):
    def closure():
        optimizer.zero_grad()
        value = cost()
        value.backward()
        return value

    return closure


def with_closure(optimizer, cost):
    optimizer.step(closure_of(optimizer, cost))


def given_the_cost(optimizer, cost):
    """ALI-G: `loss.backward()`, then `optimizer.step(lambda: loss)`."""
    optimizer.zero_grad()
    value = cost()
    value.backward()
    optimizer.step(lambda: value.detach())


def gradient_then_closure(optimizer, cost):
    """SAM: `closure()`, then `optimizer.step(closure)`."""
    closure = closure_of(optimizer, cost)
    closure()
    optimizer.step(closure)


def second_order(optimizer, cost):
    """`loss.backward(create_graph=True)`."""
    optimizer.zero_grad()
    cost().backward(create_graph=True)
    optimizer.step()
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None  # the cycle that torch warns of


def fused(optimizer, cost):
    """LOMO: the update happens while gradients are computed."""
    optimizer.fused_backward(cost(), optimizer.lr)


def projected(optimizer, cost):
    """PCGrad: the costs of all tasks, of which there is one."""
    optimizer.zero_grad()
    optimizer.pc_backward([cost()])
    optimizer.step()


def own_backward(optimizer, cost):
    """SafeFP16Optimizer: `optimizer.backward(loss)`."""
    optimizer.zero_grad()
    optimizer.backward(cost())
    optimizer.step()


def surrogate_gap(optimizer, _cost):
    """GSAM: it is told the data, and evaluates the model itself; its radius is constant here."""
    dtype = optimizer.model.weight.dtype
    optimizer.set_closure(torch.nn.functional.mse_loss, X.to(dtype), Y.to(dtype))
    optimizer.step()
    optimizer.update_rho_t()


@dataclass(frozen=True, slots=True)
class Hand:
    """path: the class. make: of a model and an lr, as its documentation builds it. exact: whether it takes float64."""

    path: str
    lr: float
    make: Any = None
    step: Any = plain
    modes: bool = False
    exact: bool = True
    params: str = ""


def of(path, lr, step=plain, **more):
    """A class that is built from parameters and an lr."""
    return Hand(path, lr, lambda model, lr: found(path)(model.parameters(), lr=lr), step, **more)


def found(path):
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


def around_sgd(path, lr, step=plain, **more):
    """A wrapper that is given an optimizer."""
    return Hand(path, lr, lambda model, lr: found(path)(torch.optim.SGD(model.parameters(), lr=lr)), step, **more)


def ascending(path, lr, step, **more):
    """SAM and its kin, which are given the class of their base optimizer and its keywords."""
    return Hand(path, lr, lambda model, lr: found(path)(model.parameters(), torch.optim.SGD, lr=lr), step, **more)


def wsam(model, lr):
    parameters = list(model.parameters())
    return found("pytorch_optimizer.WSAM")(model, parameters, torch.optim.SGD, lr=lr)


def of_model(path, lr, step=plain, **more):
    return Hand(path, lr, lambda model, lr: found(path)(model, lr=lr), step, **more)


def muon(model, lr):
    groups = [
        {"params": [model.weight], "use_muon": True},
        {"params": [model.bias], "use_muon": False},
    ]
    return found("pytorch_optimizer.Muon")(groups, lr=lr)


def sam_wrapper(model, lr):
    heavyball = importlib.import_module("heavyball")
    parameters = list(model.parameters())
    return heavyball.SAMWrapper(parameters, heavyball.AdamW(parameters, lr=lr))


def alig(model, lr):
    return found("pytorch_optimizer.AliG")(model.parameters(), max_lr=lr)


def gsam(model, lr):
    package = importlib.import_module("pytorch_optimizer")
    base = torch.optim.SGD(model.parameters(), lr=lr)
    constant = torch.optim.lr_scheduler.ConstantLR(base, factor=1.0)
    radius = package.ProportionScheduler(constant, max_lr=lr, max_value=0.05, min_value=0.05)
    return package.GSAM(model.parameters(), base, model, radius)


def split(model, lr):
    heavyball = importlib.import_module("heavyball")
    return heavyball.SplitOpt(
        [
            {"params": [model.weight], "optimizer": heavyball.Muon, "lr": lr},
            {"params": [model.bias], "optimizer": heavyball.AdamW, "lr": 0.001},
        ]
    )


HANDS = (
    of("torch.optim.Adam", 1.0),
    of("torch.optim.LBFGS", 0.1, with_closure),
    of("schedulefree.AdamWScheduleFree", 1.0, modes=True),
    of("schedulefree.SGDScheduleFree", 0.1, modes=True),
    of("schedulefree.RAdamScheduleFree", 1.0, modes=True),
    of("schedulefree.AdamWScheduleFreeClosure", 1.0, with_closure),
    around_sgd("schedulefree.ScheduleFreeWrapper", 0.1, modes=True),
    of("lion_pytorch.Lion", 0.1),
    of("prodigyopt.Prodigy", 1.0),
    of("dadaptation.DAdaptAdam", 1.0),
    of("dadaptation.DAdaptSGD", 1.0),
    of("madgrad.MADGRAD", 0.1),
    of("adabelief_pytorch.AdaBelief", 0.1),
    of("came_pytorch.CAME", 0.1),
    of("adamp.AdamP", 1.0),
    of("optimi.AdamW", 1.0),
    of("optimi.Ranger", 0.1),
    of("optimi.StableAdamW", 1.0),
    of("pytorch_ranger.Ranger", 0.1),
    of("torch_optimizer.Adahessian", 0.1, second_order),
    of("torch_optimizer.Yogi", 1.0),
    around_sgd("torch_optimizer.Lookahead", 0.05),
    ascending("pytorch_optimizer.SAM", 0.05, gradient_then_closure),
    ascending("pytorch_optimizer.LookSAM", 0.05, gradient_then_closure),
    ascending("pytorch_optimizer.FriendlySAM", 0.05, gradient_then_closure),
    Hand("pytorch_optimizer.WSAM", 0.05, wsam, with_closure),
    of("pytorch_optimizer.AdaHessian", 0.1, second_order),
    of("pytorch_optimizer.SophiaH", 1.0, second_order),
    Hand("pytorch_optimizer.AliG", 0.05, alig, given_the_cost, params=":max_lr=0.05"),
    around_sgd("pytorch_optimizer.Lookahead", 0.05),
    around_sgd("pytorch_optimizer.PCGrad", 0.05, projected),
    around_sgd("pytorch_optimizer.SafeFP16Optimizer", 0.05, own_backward, exact=False),
    around_sgd("pytorch_optimizer.TRAC", 0.05),
    Hand("pytorch_optimizer.GSAM", 0.05, gsam, surrogate_gap),
    of_model("pytorch_optimizer.LOMO", 0.05, fused),
    of_model("pytorch_optimizer.AdaLOMO", 0.1, fused),
    of_model("pytorch_optimizer.AdamMini", 1.0),
    Hand("pytorch_optimizer.Muon", 0.1, muon),
    of("pytorch_optimizer.ScheduleFreeAdamW", 1.0, modes=True),
    of("pytorch_optimizer.AdaBelief", 1.0),
    of("heavyball.AdamW", 1.0, exact=False),
    of("heavyball.SFAdamW", 1.0, modes=True, exact=False),
    of("heavyball.MSAMLaProp", 1.0, modes=True, exact=False),
    Hand("heavyball.SAMWrapper", 1.0, sam_wrapper, with_closure, exact=False),
    Hand("heavyball.SplitOpt", 0.1, split, exact=False),
)
