"""Optimizers that want more of the loop than zero_grad, backward, step; each with real precedents in the field."""

import torch
from torch.optim import SGD, Optimizer


class WantsClosure(SGD):
    """Like AliG: the signature says the closure is optional, the code does not."""

    def step(self, closure=None):
        if closure is None:
            raise ValueError("WantsClosure needs a closure")
        with torch.no_grad():  # and it is called without gradients being enabled
            closure()
        return super().step()


class NeverCalls(SGD):
    """Demands a closure and does nothing with it: the gradients stay what they were."""

    def step(self, closure):
        super().step()


class Ascends(Optimizer):
    """Sharpness-aware minimisation (Foret et al. 2021) in the two-step form that most packages have."""

    def __init__(self, params, base_optimizer, rho=0.05, **kwargs):
        super().__init__(params, {"rho": rho, **kwargs})
        self.base_optimizer = base_optimizer(self.param_groups, **kwargs)

    @torch.no_grad()
    def first_step(self):
        grads = [p.grad for group in self.param_groups for p in group["params"] if p.grad is not None]
        if not grads:
            return
        norm = torch.stack([grad.norm() for grad in grads]).norm() + 1e-12
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["old"] = p.clone()
                p.add_(p.grad, alpha=float(group["rho"] / norm))

    @torch.no_grad()
    def second_step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if "old" in self.state[p]:
                    p.copy_(self.state[p]["old"])
        self.base_optimizer.step()

    def step(self, closure=None):
        if closure is None:
            raise RuntimeError("SAM requires closure, but it was not provided")
        self.first_step()
        with torch.enable_grad():
            closure()
        self.second_step()


class Curved(SGD):
    """A Newton step on the diagonal, from one product with the Hessian a step (as AdaHessian, without its noise)."""

    @torch.no_grad()
    def step(self, closure=None):
        params = [p for group in self.param_groups for p in group["params"]]
        with torch.enable_grad():
            grads = [p.grad for p in params]
            ones = [torch.ones_like(p) for p in params]
            products = torch.autograd.grad(grads, params, grad_outputs=ones)
        for p, product in zip(params, products, strict=True):
            p.sub_(p.grad / product.abs().clamp(min=1e-3), alpha=self.param_groups[0]["lr"])


class Averaged(SGD):
    """Keeps the mean of its iterates, and shows it between eval() and train() only; a step in eval mode is refused."""

    def __init__(self, params, lr=0.01):
        super().__init__(params, lr=lr)
        self.training, self.steps = False, 0

    def train(self):
        if not self.training and self.steps:
            self._swap()
        self.training = True

    def eval(self):
        if self.training and self.steps:
            self._swap()
        self.training = False

    def step(self, closure=None):
        if not self.training:
            raise RuntimeError("step in eval mode: call train() first")
        super().step(closure)
        self.steps += 1
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                mean = state.setdefault("mean", torch.zeros_like(p))
                mean.lerp_(p.detach(), 1 / self.steps)

    def _swap(self):
        for group in self.param_groups:
            for p in group["params"]:
                kept = self.state[p]["mean"].clone()
                self.state[p]["mean"].copy_(p.detach())
                p.data.copy_(kept)


class Wraps:
    """Lookahead (Zhang et al. 2019): slow weights over an optimizer that is given."""

    def __init__(self, optimizer, k=5, alpha=0.5):
        self.optimizer, self.k, self.alpha, self.steps = optimizer, k, alpha, 0
        self.param_groups = optimizer.param_groups
        self.slow = [p.detach().clone() for group in self.param_groups for p in group["params"]]

    def zero_grad(self):
        self.optimizer.zero_grad()

    def step(self):
        self.optimizer.step()
        self.steps += 1
        if self.steps % self.k == 0:
            params = [p for group in self.param_groups for p in group["params"]]
            for p, slow in zip(params, self.slow, strict=True):
                slow.lerp_(p.detach(), self.alpha)
                p.data.copy_(slow)


class Scheduled(SGD):
    """Wants to know how long it will run; its lr falls to zero over that time."""

    def __init__(self, params, total_steps, lr=0.01):
        super().__init__(params, lr=lr)
        self.total_steps, self.steps, self.peak = total_steps, 0, lr

    def step(self, closure=None):
        self.param_groups[0]["lr"] = self.peak * (1 - self.steps / self.total_steps)
        self.steps += 1
        super().step(closure)


class OfModel(SGD):
    """Takes the model."""

    def __init__(self, model, lr=0.01):
        super().__init__(model.parameters(), lr=lr)


class Fused:
    """Updates while it goes backward, like LOMO: there is no step."""

    def __init__(self, model, lr=0.01):
        self.parameters = list(model.parameters())

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    def step(self):
        raise NotImplementedError("fused_backward does it all")

    def fused_backward(self, loss, lr):
        loss.backward()
        with torch.no_grad():
            for p in self.parameters:
                p.sub_(p.grad, alpha=lr)


class MatricesOnly(SGD):
    """Like Muon: refuses everything else."""

    def __init__(self, params, lr=0.01):
        params = list(params)
        for p in params:
            if p.ndim != 2:
                raise ValueError(f"only 2D parameters are supported, not one of size {tuple(p.shape)}")
        super().__init__(params, lr=lr)


class SparseOnly(SGD):
    """Like SparseAdam."""

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if not p.grad.is_sparse:
                    raise RuntimeError("SparseOnly does not support dense gradients")
        super().step(closure)


class Refreshes(SGD):
    """Like Sophia-G: divides by a curvature that update_hessian() keeps up to date."""

    def update_hessian(self):
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["curvature"] = p.grad.detach() ** 2
                self.state[p]["refreshed"] = self.state[p].get("refreshed", 0) + 1

    def step(self, closure=None):
        super().step(closure)


class Storage(SGD):
    """Gives its parameters new storage in every step."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                p.data = p.data.clone()


class ClearsGradients(SGD):
    """Leaves no gradient behind, and returns what is not the loss."""

    def step(self, closure=None):
        super().step(closure)
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None
        return "not a loss"


class LeavesGradOff(SGD):
    """Turns gradients off and forgets to turn them on again."""

    def step(self, closure=None):
        super().step()
        torch.set_grad_enabled(False)


def swallows_lr(params, max_lr=0.01, **kwargs):
    """The real name is max_lr; lr= is taken and forgotten."""
    return SGD(params, lr=max_lr)


class Frozen(SGD):
    """Never moves."""

    def step(self, closure=None):
        return None


def from_run(run, lr=0.01):
    """The escape hatch: a factory that asks for the run, and returns any object with step and zero_grad."""

    class Own:
        def zero_grad(self):
            for p in run.params:
                p.grad = None

        @torch.no_grad()
        def step(self):
            for p in run.params:
                p.sub_(p.grad, alpha=lr * run.data_size / 4)

    return Own()
