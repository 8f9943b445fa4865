"""Adam and momentum as a third party writes them, and the same after an edit that went wrong."""

import torch


class Adam(torch.optim.Optimizer):
    """Kingma & Ba 2015, with a switch for every mistake."""

    sign = -1.0
    corrected = True
    eps_inside = False
    shared = False
    betas = (0.9, 0.999)
    fallback_lr = 0.01

    def __init__(self, params, lr=0.01, eps=1e-8):
        # Weights and biases in groups of their own, as is usual where only some are decayed.
        super().__init__([{"params": [one]} for one in params], {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        first = self.state.setdefault("first", {})
        for group in self.param_groups:
            for parameter in group["params"]:
                state = first if self.shared else self.state[parameter]
                self._update(parameter, state, group["lr"], group["eps"])

    def _update(self, parameter, state, lr, eps):
        b1, b2 = self.betas
        state["step"] = state.get("step", 0) + 1
        own = state if not self.shared else self.state[parameter]
        m = own.setdefault("m", torch.zeros_like(parameter)).lerp_(parameter.grad, 1 - b1)
        v = own.setdefault("v", torch.zeros_like(parameter))
        v.mul_(b2).addcmul_(parameter.grad, parameter.grad, value=1 - b2)
        c1, c2 = (1 - b1 ** state["step"], 1 - b2 ** state["step"]) if self.corrected else (1, 1)
        root = (v / c2 + eps).sqrt() if self.eps_inside else (v / c2).sqrt() + eps
        parameter.add_(m / c1 / root, alpha=self.sign * lr)


class WrongSign(Adam):
    sign = 1.0


class Uncorrected(Adam):
    corrected = False


class EpsInside(Adam):
    eps_inside = True


class SharedSteps(Adam):
    """The count of steps is kept once for all groups, and so advances twice a step."""

    shared = True


class OtherBeta(Adam):
    """A default changed by 1e-3 of itself."""

    betas = (0.9 * (1 + 1e-3), 0.999)
