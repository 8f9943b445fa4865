"""The packages that are surveyed, and the optimizer classes that each exports."""

import importlib
import importlib.metadata
import inspect

import torch

PACKAGES = {  # what is imported: the distribution that it comes from
    "torch.optim": "torch",
    "schedulefree": "schedulefree",
    "lion_pytorch": "lion-pytorch",
    "prodigyopt": "prodigyopt",
    "dadaptation": "dadaptation",
    "madgrad": "madgrad",
    "adabelief_pytorch": "adabelief-pytorch",
    "came_pytorch": "came-pytorch",
    "adamp": "adamp",
    "optimi": "torch-optimi",
    "pytorch_ranger": "pytorch-ranger",
    "torch_optimizer": "torch-optimizer",
    "pytorch_optimizer": "pytorch_optimizer",
    "heavyball": "heavyball",
}


def version(package):
    """Without what says which build it is, as in 2.13.0+cpu."""
    return importlib.metadata.version(PACKAGES[package]).split("+")[0]


def exported(package):
    """The optimizer classes of a package: each one's name, and the other names that it goes by there.

    What a package only hands on from another, such as torch's own classes, is not its own. A wrapper that does not
    derive from torch.optim.Optimizer counts if it has `step` and `zero_grad`.
    """
    module = importlib.import_module(package)
    names = {}
    for name, value in sorted(vars(module).items()):
        if not name.startswith("_") and is_optimizer(value) and home(value) == package.split(".")[0]:
            names.setdefault(value, []).append(name)
    for value, known in names.items():
        known.sort(key=lambda name, own=value.__name__: (name != own, name))
    return {known[0]: known[1:] for known in sorted(names.values(), key=lambda known: known[0].lower())}


def home(value):
    return value.__module__.split(".")[0]


def is_optimizer(value):
    if not inspect.isclass(value) or value is torch.optim.Optimizer:
        return False
    steps = callable(getattr(value, "step", None)) and callable(getattr(value, "zero_grad", None))
    return issubclass(value, torch.optim.Optimizer) or steps
