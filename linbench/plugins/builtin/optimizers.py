"""The built-in optimizers: those of torch.optim, under torch's own parameter names.

`parameters` repeats torch's signatures so that listing needs no torch; a test compares the two.
"""

from __future__ import annotations

from linbench import Component, Contract, hookimpl


def _torch_optimizer(
    class_name: str,
    summary: str,
    parameters: dict[str, object],
    defaults: dict[str, object] | None = None,
    contract: Contract | None = None,
) -> Component:
    target = f"torch.optim:{class_name}"
    return Component("optimizer", class_name.lower(), target, defaults or {}, summary, parameters, contract)


@hookimpl
def linbench_optimizers() -> list[Component]:
    """Return every class of torch.optim, and the limit of those that step along gradients."""
    return [
        _torch_optimizer(
            "SGD",
            "Stochastic gradient descent, with momentum and Nesterov's variant",
            {
                "lr": 0.001,
                "momentum": 0,
                "dampening": 0,
                "weight_decay": 0,
                "nesterov": False,
                "maximize": False,
                "foreach": None,
                "differentiable": False,
                "fused": None,
            },
        ),
        _torch_optimizer(
            "Adam",
            "Moments of gradient and squared gradient, bias-corrected (Kingma & Ba 2015)",
            {
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0,
                "amsgrad": False,
                "foreach": None,
                "maximize": False,
                "capturable": False,
                "differentiable": False,
                "fused": None,
                "decoupled_weight_decay": False,
            },
        ),
        _torch_optimizer(
            "AdamW",
            "Adam with decoupled weight decay (Loshchilov & Hutter 2019)",
            {
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0.01,
                "amsgrad": False,
                "maximize": False,
                "foreach": None,
                "capturable": False,
                "differentiable": False,
                "fused": None,
            },
        ),
        _torch_optimizer(
            "RMSprop",
            "Gradient over a moving root mean square (Hinton 2012)",
            {
                "lr": 0.01,
                "alpha": 0.99,
                "eps": 1e-08,
                "weight_decay": 0,
                "momentum": 0,
                "centered": False,
                "capturable": False,
                "foreach": None,
                "maximize": False,
                "differentiable": False,
            },
        ),
        _torch_optimizer(
            "Adagrad",
            "Gradient over the root of its summed squares (Duchi et al. 2011)",
            {
                "lr": 0.01,
                "lr_decay": 0,
                "weight_decay": 0,
                "initial_accumulator_value": 0,
                "eps": 1e-10,
                "foreach": None,
                "maximize": False,
                "differentiable": False,
                "fused": None,
            },
        ),
        _torch_optimizer(
            "Adadelta",
            "Step sizes from running averages of updates (Zeiler 2012)",
            {
                "lr": 1.0,
                "rho": 0.9,
                "eps": 1e-06,
                "weight_decay": 0,
                "foreach": None,
                "capturable": False,
                "maximize": False,
                "differentiable": False,
            },
            {"lr": 1.0},
        ),
        _torch_optimizer(
            "Adamax",
            "Adam with the infinity norm (Kingma & Ba 2015)",
            {
                "lr": 0.002,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0,
                "foreach": None,
                "maximize": False,
                "differentiable": False,
                "capturable": False,
            },
        ),
        _torch_optimizer(
            "NAdam",
            "Adam with Nesterov momentum (Dozat 2016)",
            {
                "lr": 0.002,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0,
                "momentum_decay": 0.004,
                "decoupled_weight_decay": False,
                "foreach": None,
                "maximize": False,
                "capturable": False,
                "differentiable": False,
            },
        ),
        _torch_optimizer(
            "RAdam",
            "Adam with a rectified early variance (Liu et al. 2020)",
            {
                "lr": 0.001,
                "betas": (0.9, 0.999),
                "eps": 1e-08,
                "weight_decay": 0,
                "decoupled_weight_decay": False,
                "foreach": None,
                "maximize": False,
                "capturable": False,
                "differentiable": False,
            },
        ),
        _torch_optimizer(
            "ASGD",
            "SGD with averaged iterates (Polyak & Juditsky 1992)",
            {
                "lr": 0.01,
                "lambd": 0.0001,
                "alpha": 0.75,
                "t0": 1000000.0,
                "weight_decay": 0,
                "foreach": None,
                "maximize": False,
                "differentiable": False,
                "capturable": False,
            },
        ),
        _torch_optimizer(
            "Rprop",
            "Signs of the gradient with step sizes of their own (Riedmiller & Braun 1993)",
            {
                "lr": 0.01,
                "etas": (0.5, 1.2),
                "step_sizes": (1e-06, 50),
                "capturable": False,
                "foreach": None,
                "maximize": False,
                "differentiable": False,
            },
        ),
        _torch_optimizer(
            "Adafactor",
            "Factored second moments (Shazeer & Stern 2018)",
            {
                "lr": 0.01,
                "beta2_decay": -0.8,
                "eps": (None, 0.001),
                "d": 1.0,
                "weight_decay": 0.0,
                "foreach": None,
                "maximize": False,
            },
        ),
        _torch_optimizer(
            "SparseAdam",
            "Adam on sparse gradients; each step's gradient is made sparse for it",
            {"lr": 0.001, "betas": (0.9, 0.999), "eps": 1e-08, "maximize": False},
            contract=Contract(sparse=True),
        ),
        _torch_optimizer(
            "Muon",
            "Orthogonalised momentum for matrices (Jordan 2024); AdamW trains the rest",
            {
                "lr": 0.001,
                "weight_decay": 0.1,
                "momentum": 0.95,
                "nesterov": True,
                "ns_coefficients": (3.4445, -4.775, 2.0315),
                "eps": 1e-07,
                "ns_steps": 5,
                "adjust_lr_fn": None,
            },
            contract=Contract(matrices=True),
        ),
        _torch_optimizer(
            "LBFGS",
            "Limited-memory quasi-Newton; evaluates cost and gradient several times a step",
            {
                "lr": 1,
                "max_iter": 20,
                "max_eval": None,
                "tolerance_grad": 1e-07,
                "tolerance_change": 1e-09,
                "history_size": 100,
                "line_search_fn": None,
            },
            {"lr": 1.0},
            Contract(closure=True),
        ),
        Component(
            "optimizer",
            "krylov-limit",
            "linbench.plugins.builtin.krylov_limit:KrylovLimit",
            summary="No competitor but the limit: conjugate gradients, the fewest epochs that gradients alone allow",
            contract=Contract(create_graph=True),
        ),
    ]
