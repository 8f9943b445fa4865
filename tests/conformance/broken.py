"""Optimizers that are wrong in one way each."""

import random
import time

import torch


class Sound(torch.optim.Optimizer):
    """Momentum, done right; subclasses do one thing wrong."""

    def __init__(self, params, lr=0.01, momentum=0.0, maximize=False, foreach=None):
        if lr < 0:
            raise ValueError(f"lr must not be negative: {lr}")
        super().__init__(params, {"lr": lr, "momentum": momentum, "maximize": maximize, "foreach": foreach})

    def direction(self, p, group):
        gradient = -p.grad if group["maximize"] else p.grad
        state = self.state[p]
        average = state.setdefault("momentum", torch.zeros_like(p))
        average.mul_(group["momentum"]).add_(gradient)
        return average

    def update(self, p, group):
        p.sub_(self.direction(p, group), alpha=group["lr"])

    def trained(self):
        return [(p, group) for group in self.param_groups for p in group["params"] if p.grad is not None]

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for p, group in self.trained():
            self.update(p, group)
        return loss


class DefaultThatFails(Sound):
    """Anybody who gives an lr never notices; a default of None would be the author's word for finding one."""

    def __init__(self, params, lr="auto", **others):
        super().__init__(params, float(lr), **others)


class ForgetsAParameterWhenBuilt(Sound):
    def __init__(self, params, lr=0.01):
        super().__init__(list(params)[:1], lr)


class TakesAnyLr(Sound):
    def __init__(self, params, lr=0.01):
        torch.optim.Optimizer.__init__(self, params, {"lr": lr, "momentum": 0.0, "maximize": False})


class RefusesALrInItsOwnWay(TakesAnyLr):
    def __init__(self, params, lr=0.01):
        if lr < 0:
            raise RuntimeError("no")
        super().__init__(params, lr)


class MovesNoPairs(Sound):
    """Stands for one that forgets some layers: the bias of two numbers stays where it is."""

    def trained(self):
        return [(p, group) for p, group in super().trained() if p.shape != (2,)]


class ConstantLr(Sound):
    def update(self, p, group):
        p.sub_(self.direction(p, group), alpha=0.05)


class StopsEarly(Sound):
    def update(self, p, group):
        self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
        if self.state[p]["steps"] < 3:
            super().update(p, group)


class UsesTheClock(Sound):
    def update(self, p, group):
        p.sub_(self.direction(p, group), alpha=group["lr"] * (1 + time.perf_counter_ns() % 1000 / 1e6))


class SharedByAllInstances(Sound):
    calls = 0

    def update(self, p, group):
        SharedByAllInstances.calls += 1
        p.sub_(self.direction(p, group), alpha=group["lr"] / (1 + SharedByAllInstances.calls / 1000))


class KeepsAverageElsewhere(Sound):
    """Its state is not in `state`, so no checkpoint has it."""

    def __init__(self, params, lr=0.01, momentum=0.9):
        super().__init__(params, lr, momentum)
        self.averages = {}

    def direction(self, p, group):
        average = self.averages.setdefault(p, torch.zeros_like(p))
        return average.mul_(group["momentum"]).add_(p.grad)


class DecaysWhatHasNoGradient(Sound):
    def step(self, closure=None):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is None:
                        p.mul_(0.99)
        return super().step(closure)


class NeedsEveryGradient(Sound):
    def trained(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad.isfinite()
        return super().trained()


class DividesByTheNorm(Sound):
    def direction(self, p, group):
        return super().direction(p, group) / p.grad.abs().max()


class FirstGroupForAll(Sound):
    def trained(self):
        return [(p, self.param_groups[0]) for p, _ in super().trained()]


class Normalized(Sound):
    """Its parameters influence each other: no batch, and no group trained as if alone."""

    def direction(self, p, group):
        norm = sum(float(q.grad.square().sum()) for q, _ in self.trained()) ** 0.5
        return super().direction(p, group) / (1 + norm)


class CoupledFirstGroupForAll(Normalized):
    def trained(self):
        return [(p, self.param_groups[0]) for p, _ in super().trained()]


class OneLrOnly(Sound):
    """Refuses aloud what it cannot do."""

    def trained(self):
        if len({group["lr"] for group in self.param_groups}) > 1:
            raise RuntimeError("one lr for all")
        return super().trained()


class OneGroupOnly(Sound):
    def trained(self):
        if len(self.param_groups) > 1:
            raise RuntimeError("shapes do not match")
        return super().trained()


class VectorsOnly(Sound):
    def update(self, p, group):
        if p.ndim == 2 and len(self.param_groups[0]["params"]) == 1:
            raise TypeError("vectors only")
        super().update(p, group)


class ForgetsMatricesAlone(Sound):
    def update(self, p, group):
        if p.ndim != 2 or len(self.param_groups[0]["params"]) > 1:
            super().update(p, group)


class UpdatesACopy(Sound):
    """`reshape` copies what is not contiguous."""

    def update(self, p, group):
        p.reshape(-1).sub_(self.direction(p, group).reshape(-1), alpha=group["lr"])


class ViewsAsOneVector(Sound):
    def update(self, p, group):
        p.view(-1).sub_(self.direction(p, group).view(-1), alpha=group["lr"])


class RoundsToFloat32(Sound):
    def update(self, p, group):
        super().update(p, group)
        p.copy_(p.float())


class ChangesTheDtype(Sound):
    def update(self, p, group):
        super().update(p, group)
        p.data = p.data.float()


class ForgetsToMaximize(Sound):
    def direction(self, p, group):
        return super().direction(p, {**group, "maximize": False})


class ForeachIsAnotherRule(Sound):
    def update(self, p, group):
        super().update(p, {**group, "lr": group["lr"] / 2} if group["foreach"] else group)


class SetsTheDefaultDtype(Sound):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        torch.set_default_dtype(torch.float64)


class TurnsGradientsOff(Sound):
    def step(self, closure=None):
        super().step(closure)
        torch.set_grad_enabled(False)


class SetsTheThreads(Sound):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        torch.set_num_threads(1)


class SeedsTorch(Sound):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        torch.manual_seed(7)


class SeedsPython(Sound):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr)
        random.seed(7)


class SeedsNumpy(Sound):
    def __init__(self, params, lr=0.01):
        import numpy as np

        super().__init__(params, lr)
        np.random.seed(7)


class Prints(Sound):
    def step(self, closure=None):
        print("one more step")
        return super().step(closure)


class Langevin(Sound):
    """Draws noise, which is its method and no fault."""

    def update(self, p, group):
        super().update(p, group)
        p.add_(torch.randn_like(p), alpha=1e-4 * group["lr"])


class RaisesInABatch(Sound):
    def update(self, p, group):
        if p.shape[-1] == 2 and p.ndim == 2 and p.shape[0] == 1:
            raise RuntimeError("two features are too many")
        super().update(p, group)
