"""A plugin whose optimizers, models and problems go wrong in every way that one heard of."""

import asyncio
import ctypes
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
import warnings

import torch

from linbench import Component, Problem, hookimpl

HANGS = 600


class Sgd(torch.optim.SGD):
    def __init__(self, params, lr=0.01):
        super().__init__(params, lr=lr)

    def step(self, closure=None):
        self.misbehave()
        return super().step(closure)

    def misbehave(self):
        """What each of the following does before its step."""


class ConstructionRaises(Sgd):
    def __init__(self, params, lr=0.01):
        raise ValueError("cannot be made\nfor a long reason")


class StepRaises(Sgd):
    def misbehave(self):
        raise ZeroDivisionError("at the third bounce\nof the ball")


class StepReturnsGarbage(Sgd):
    def step(self, closure=None):
        super().step(closure)
        return {"loss": object()}


class StepCancels(Sgd):
    def misbehave(self):
        raise asyncio.CancelledError("no Exception")


class Exits(Sgd):
    def misbehave(self):
        sys.exit(5)


class Recurses(Sgd):
    def misbehave(self):
        self.misbehave()


class Interrupts(Sgd):
    def misbehave(self):
        raise KeyboardInterrupt


class ChangesData(Sgd):
    steps = 0
    changed = []  # noqa: RUF012  of all instances

    def misbehave(self):
        self.steps += 1
        if self.steps == 3:  # once is enough, and looking at all that there is takes long
            for found in gc.get_objects():
                if type(found) is torch.Tensor and found.shape == (4, 1) and not found.requires_grad:
                    # Kept in a shape that the next look passes over.
                    self.changed.append((found, found.flatten().clone()))
                    found.data.fill_(7.0)


def put_back():
    """Undo what reached beyond linbench: the data of other tests have the shape of a problem's too."""
    for tensor, original in reversed(ChangesData.changed):
        tensor.data.copy_(original.reshape(4, 1))
    ChangesData.changed.clear()


class ChangesState(Sgd):
    def misbehave(self):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.set_num_threads(3)
        torch.manual_seed(99)
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.set_float32_matmul_precision("medium")
        torch.set_default_device("meta")
        random.seed(99)
        warnings.simplefilter("error")
        os.chdir("/")
        os.environ["LINBENCH_HOSTILE"] = "1"
        sys.setrecursionlimit(2000)
        gc.disable()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdin = sys.stdout = sys.stderr = None


class FloodsStderr(Sgd):
    def misbehave(self):
        sys.stderr.write("flood " * 20_000 + "\n")


class Prints(Sgd):
    def misbehave(self):
        print("JUNK of print")
        sys.__stdout__.write("JUNK of the real stdout\n")
        os.write(1, b"JUNK of the file descriptor\n")
        subprocess.run(["echo", "JUNK of a program"], check=True)


class Hangs(Sgd):
    def misbehave(self):
        if self.param_groups[0]["lr"] > 0.02:
            time.sleep(HANGS)


class HangsWithChild(Sgd):
    def misbehave(self):
        subprocess.run(["sleep", str(HANGS)], check=True)


class HangsInNative(Sgd):
    """Where no signal handler of Python's would ever run."""

    def misbehave(self):
        ctypes.PyDLL(None).sleep(HANGS)


class OsExits(Sgd):
    def misbehave(self):
        if self.param_groups[0]["lr"] > 0.02:
            os._exit(7)


class Segfaults(Sgd):
    def misbehave(self):
        ctypes.string_at(0)


class LeavesThread(Sgd):
    """A thread that nobody joins keeps an interpreter from ending."""

    def misbehave(self):
        if threading.active_count() < 3:
            threading.Thread(target=time.sleep, args=(HANGS,)).start()


def makes_none(params, lr=0.01):
    return None


def makes_int(params, lr=0.01):
    return 3


def makes_object(params, lr=0.01):
    return object()


class DeadlyModel(torch.nn.Linear):
    def forward(self, X):
        os._exit(9)


class HangingModel(torch.nn.Linear):
    def forward(self, X):
        time.sleep(HANGS)


class ModelThatChangesData(torch.nn.Linear):
    def forward(self, X):
        X.mul_(0.5)
        return super().forward(X)


def deadly_problem(seed):
    os._exit(11)


def components(kind, **targets):
    return [Component(kind, name.replace("_", "-"), target) for name, target in targets.items()]


@hookimpl
def linbench_optimizers():
    return components(
        "optimizer",
        construction_raises=ConstructionRaises,
        step_raises=StepRaises,
        step_returns_garbage=StepReturnsGarbage,
        step_cancels=StepCancels,
        exits=Exits,
        recurses=Recurses,
        interrupts=Interrupts,
        changes_data=ChangesData,
        changes_state=ChangesState,
        floods_stderr=FloodsStderr,
        prints=Prints,
        hangs=Hangs,
        hangs_with_child=HangsWithChild,
        hangs_in_native=HangsInNative,
        os_exits=OsExits,
        segfaults=Segfaults,
        leaves_thread=LeavesThread,
        makes_none=makes_none,
        makes_int=makes_int,
        makes_object=makes_object,
    )


@hookimpl
def linbench_models():
    return components("model", deadly=DeadlyModel, hanging=HangingModel, changes_data=ModelThatChangesData)


@hookimpl
def linbench_problems():
    return components("problem", deadly=deadly_problem, sound=lambda seed: Problem([[0.0], [1.0]], [0.0, 1.0]))
