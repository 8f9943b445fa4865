"""Gradient descent that reads its learning rate as one number, in each of the ways that Python code may."""

import sys

import torch
from ways_to_read import BUILTINS, MATH
from ways_to_read_arrays import ARRAYS, TORCH
from ways_to_read_library import LIBRARY

WAYS = {**MATH, **BUILTINS, **LIBRARY, **ARRAYS, **TORCH}


class Reader(torch.optim.Optimizer):
    """Gradient descent whose step is a tenth where its way of reading says so."""

    way = None

    def __init__(self, params, lr=0.01):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            factor = 0.1 if type(self).way(group["lr"]) else 1.0
            for p in group["params"]:
                p.sub_(p.grad * factor, alpha=group["lr"])


def reader(way, name):
    """A class of its own for a way of reading."""
    identifier = "".join(letter if letter.isalnum() else "_" for letter in f"reads {name}")
    made = type(identifier, (Reader,), {"way": staticmethod(way), "__module__": __name__})
    setattr(sys.modules[__name__], made.__name__, made)
    return made
