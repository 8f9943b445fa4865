"""Optimizers that must not be batched, or only if it shows nothing: each breaks the lanes in its own way."""

import math
import random

import numpy as np
import torch


class Descent(torch.optim.Optimizer):
    """Plain gradient descent, written by somebody else; subclasses change one thing."""

    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})
        self.steps = 0

    def rate(self, group):
        return group["lr"]

    def direction(self, p):
        return p.grad

    @torch.no_grad()
    def step(self, closure=None):
        self.steps += 1
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(self.direction(p), alpha=self.rate(group))


class GlobalNorm(Descent):
    def direction(self, p):
        norm = torch.stack([q.grad.norm() for q in self.param_groups[0]["params"]]).norm()
        return p.grad / (norm + 1e-8)


class SeparableAtFirst(Descent):
    def direction(self, p):
        return p.grad if self.steps <= 20 else p.grad / (1 + p.grad.abs().max())


class SquareRootOfLr(Descent):
    def rate(self, group):
        return math.sqrt(group["lr"]) / 10


class ItemOnLr(Descent):
    def rate(self, group):
        return torch.tensor(group["lr"]).item() / 2


class BranchesOnLr(Descent):
    def rate(self, group):
        return group["lr"] if group["lr"] < 0.02 else 0.001


class TruthOfLr(Descent):
    def rate(self, group):
        return group["lr"] or 0.001


class DrawsNoise(Descent):
    def direction(self, p):
        return p.grad + 0.1 * torch.randn_like(p)


class DrawsInPython(Descent):
    def rate(self, group):
        return group["lr"] * random.random()


class DrawsInNumpy(Descent):
    def rate(self, group):
        return group["lr"] * np.random.random()


class CatchesRefusals(Descent):
    """Takes another way where it is refused one."""

    def direction(self, p):
        try:
            return p.grad / (1 + p.grad.norm())
        except Exception:
            return p.grad


class CatchesErrors(Descent):
    """The truth of many elements is an error of torch's, of one element it is not."""

    def direction(self, p):
        try:
            return p.grad if p.grad > 0 else 0.5 * p.grad
        except RuntimeError:
            return p.grad


class DividesByNothing(Descent):
    """ZeroDivisionError in every lane, where torch would divide to infinity."""

    def rate(self, group):
        return min(group["lr"] / (self.steps - 3), 0.1)


class DividesByNothingInOneLane(Descent):
    def rate(self, group):
        return 1e-4 / (group["lr"] - 0.05)


class RewritesLr(Descent):
    def rate(self, group):
        group["lr"] = group["lr"] * 0.999
        return group["lr"]


class BoundsLr(Descent):
    def rate(self, group):
        return max(group["lr"], 0.005)


class ChangesLate(Descent):
    def direction(self, p):
        return p.grad if self.steps < 500 else p.grad / (1 + p.grad.norm())


class BranchesOnTensors(Descent):
    def direction(self, p):
        return p.grad if bool((p.grad.abs() > 1).any()) else 0.5 * p.grad


class AsksForTheShape(Descent):
    def direction(self, p):
        return p.grad / p.numel() ** 0.5 / p.dim()


class Alternates(Descent):
    """Block descent: one parameter at a time. Element by element, and yet not to be given W and b as one."""

    @torch.no_grad()
    def step(self, closure=None):
        params = self.param_groups[0]["params"]
        p = params[self.steps % len(params)]
        self.steps += 1
        p.sub_(p.grad, alpha=self.param_groups[0]["lr"])


class HiddenInStorage(Descent):
    """Reads numbers past every torch call that could be watched."""

    def direction(self, p):
        first = torch.tensor(p.grad.untyped_storage().tolist()[:4], dtype=torch.uint8).sum()
        return p.grad * (1 if first % 2 else 0.5)


class ReadsLrAsFinite(Descent):
    """`math.isfinite` reads past all methods, and nothing turns NaN."""

    def rate(self, group):
        return group["lr"] if math.isfinite(group["lr"]) else 0.001


class OrthogonalLike(Descent):
    """What Muon does: a product of matrices."""

    def direction(self, p):
        g = p.grad.reshape(-1, 1)
        return (g @ (g.T @ g) / (1e-8 + (g.T @ g) ** 1.5)).reshape(p.shape)


class TrustRatio(Descent):
    """What LAMB does: norms of parameter and update."""

    def direction(self, p):
        w, g = p.norm(), p.grad.norm()
        return p.grad * (w / g if w > 0 and g > 0 else 1.0)


class Hooked(Descent):
    """Halves gradients by a hook, which only a real backward pass would call."""

    def __init__(self, params, lr=0.01):
        params = list(params)
        for p in params:
            p.register_hook(lambda grad: grad / 2)
        super().__init__(params, lr)


class NeedsClosure(Descent):
    def step(self, closure):
        closure()
        super().step()


ALL = [
    GlobalNorm,
    SeparableAtFirst,
    SquareRootOfLr,
    ItemOnLr,
    BranchesOnLr,
    TruthOfLr,
    DrawsNoise,
    DrawsInPython,
    DrawsInNumpy,
    CatchesRefusals,
    CatchesErrors,
    RewritesLr,
    BoundsLr,
    ChangesLate,
    BranchesOnTensors,
    AsksForTheShape,
    Alternates,
    HiddenInStorage,
    ReadsLrAsFinite,
    OrthogonalLike,
    TrustRatio,
    Hooked,
    NeedsClosure,
]


def hooked_sgd(params, lr=0.01):
    """torch's own class, made by a factory that hangs a hook on its steps."""
    optimizer = torch.optim.SGD(params, lr=lr)

    def halve(*_):
        for p in optimizer.param_groups[0]["params"]:
            p.grad.mul_(0.5)

    optimizer.register_step_pre_hook(halve)
    return optimizer
