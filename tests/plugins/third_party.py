"""A third party's plugin: one good component of each kind, and the ways in which others go wrong."""

import torch

from linbench import Component, Problem, hookimpl

print("LOADED")


class Halved(torch.nn.Linear):
    def __init__(self, n_features, n_targets):
        print("MADE")
        super().__init__(n_features, n_targets, bias=False)


class NoForward(Halved):
    def forward(self, X):
        raise ValueError("no such width")


def no_width(n_features, n_targets):
    raise ValueError("no such width")


class Cpu:
    torch_device = torch.device("cpu")

    def unavailable(self):
        print("ASKED")

    def synchronize(self):
        print("SYNCHRONIZED")


class Named(Cpu):
    name = "bench:0"


class Away(Cpu):
    def unavailable(self):
        return "it is in the other building"


class NoSync:
    torch_device = torch.device("cpu")
    unavailable = Cpu.unavailable


class Text(Cpu):
    torch_device = "cpu"


class Numbered(Cpu):
    name = 3


class Off(Cpu):
    def unavailable(self):
        raise OSError("bus")


class Truthful(Cpu):
    def unavailable(self):
        return True


class Unsteady(Cpu):
    def synchronize(self):
        raise OSError("bus")


def no_bus():
    raise ValueError("no such bus")


def two_rows(seed):
    print("BUILT")
    return Problem([[1.0], [2.0]], [1.0, 2.0])


def no_table(seed):
    raise KeyError("table")


def no_table_later(seed):
    return no_table(seed) if seed else two_rows(seed)


def no_number(seed):
    return Problem([[float("nan")]], [1.0])


def count(records):
    print("REPORTED")
    return f"{len(records)} runs"


def half_a_character(records):
    return "\ud83d"


def no_colour(records):
    raise KeyError("colour")


def exits(*arguments):
    raise SystemExit(3)


class Grabbing(Halved):
    def __init__(self, n_features, n_targets):
        super().__init__(n_features, n_targets)
        torch.set_default_dtype(torch.float64)
        torch.manual_seed(5)


def grabbing_rows(seed):
    torch.set_default_dtype(torch.float64)
    return two_rows(seed)


def components(kind, **targets):
    return [Component(kind, name.replace("_", "-"), target) for name, target in targets.items()]


@hookimpl
def linbench_models():
    return components(
        "model",
        good=Halved,
        gone="nowhere:gone",
        raising=no_width,
        no_forward=NoForward,
        wrong_type=lambda n, m: "model",
        no_parameters=lambda n, m: torch.nn.Identity(),
        exits=exits,
        grabbing=Grabbing,
    )


@hookimpl
def linbench_devices():
    return components(
        "device",
        good=Cpu,
        named=Named,
        away=Away,
        gone="nowhere:gone",
        raising=no_bus,
        no_sync=NoSync,
        text=Text,
        numbered=Numbered,
        wrong_type=lambda: "cpu",
        off=Off,
        truthful=Truthful,
        unsteady=Unsteady,
        exits=exits,
    )


@hookimpl
def linbench_problems():
    return components(
        "problem",
        good=two_rows,
        gone="nowhere:gone",
        raising=no_table,
        raising_later=no_table_later,
        wrong_type=lambda seed: {"X": [[1]]},
        no_number=no_number,
        exits=exits,
        grabbing=grabbing_rows,
    )


@hookimpl
def linbench_reporters():
    return components(
        "reporter",
        good=count,
        gone="nowhere:gone",
        raising=no_colour,
        wrong_type=lambda records: {},
        exits=exits,
        half=half_a_character,
    )
