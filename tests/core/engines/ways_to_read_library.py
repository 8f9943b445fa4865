"""Ways to read a hyperparameter by the standard library; see `ways_to_read`."""

import array
import bisect
import cmath
import contextlib
import copy
import ctypes
import datetime
import decimal
import enum
import fractions
import functools
import heapq
import io
import itertools
import json
import logging
import marshal
import math
import numbers
import operator
import pickle
import pprint
import random
import statistics
import struct
import threading
import time

import numpy as np
import torch
from ways_to_read import RATES, digits, swallowed


def window(value):
    """What the issue had: 10^-2.2 to 10^-1.6, read as logarithm to base 10."""
    return -2.2 < value < -1.6


def hides_in_numpy(lr):
    """numpy lowers the processor's flags."""
    found = math.log10(lr)
    np.sqrt(np.ones(3))
    return window(found)


def hides_in_torch(lr):
    """Divergence raises the same flag as a read does."""
    found = math.log10(lr)
    torch.full((2,), math.inf) - torch.full((2,), math.inf)
    return window(found)


class Level(enum.Enum):
    LOW = RATES[3]
    HIGH = RATES[20]


def logged(lr):
    stream = io.StringIO()
    logger, handler = logging.Logger("readers"), logging.StreamHandler(stream)
    logger.addHandler(handler)
    logger.warning("%s", lr)
    return digits(stream.getvalue())


@functools.cache
def cached(lr):
    return lr < 0.01


def suppressed(lr):
    small = False
    with contextlib.suppress(Exception):
        small = float(lr) < 0.01
    return small


def in_a_thread(read):
    def way(lr):
        found = []
        thread = threading.Thread(target=lambda: found.append(swallowed(read)(lr)))
        thread.start()
        thread.join()
        return found[0]

    return way


def assigned_to_memory(lr):
    view = memoryview(bytearray(8)).cast("d")
    view[0] = lr
    return view[0] < 0.01


def by_a_generator(lr):
    return random.Random(lr).random() < 0.5


LIBRARY = {
    "math.atan2": lambda lr: math.atan2(lr, 1) < 0.01,
    "math.ceil": lambda lr: math.ceil(100 * lr) < 2,
    "math.copysign": lambda lr: math.copysign(1, lr - 0.01) > 0,
    "math.copysign of it": lambda lr: math.copysign(lr, -1) > -0.01,
    "math.dist": lambda lr: math.dist([lr], [0.01]) < 0.01,
    "math.floor": lambda lr: math.floor(100 * lr) < 2,
    "math.fmod": lambda lr: math.fmod(lr, 0.01) < 0.005,
    "math.frexp": lambda lr: math.frexp(lr)[1] % 2 == 0,
    "math.fsum": lambda lr: math.fsum([lr, 1]) < 1.01,
    "math.hypot": lambda lr: math.hypot(lr, 0) < 0.01,
    "math.isclose": lambda lr: math.isclose(lr, 0.01, rel_tol=0.5),
    "math.isfinite": lambda lr: math.isfinite(lr) and lr < 0.01,
    "math.isinf": lambda lr: math.isinf(lr) or lr < 0.01,
    "math.isnan": lambda lr: math.isnan(lr) or lr < 0.01,
    "math.ldexp": lambda lr: math.ldexp(lr, 1) < 0.02,
    "math.modf": lambda lr: math.modf(10 * lr)[1] > 0,
    "math.nextafter": lambda lr: math.nextafter(lr, 1) < 0.01,
    "math.pow": lambda lr: math.pow(lr, 2) < 1e-4,
    "math.prod": lambda lr: math.prod([lr, 2]) < 0.02,
    "math.remainder": lambda lr: math.remainder(lr, 0.01) < 0,
    "math.trunc": lambda lr: math.trunc(100 * lr) < 2,
    "the issue's": lambda lr: window(math.log10(lr)),
    "cmath.log": lambda lr: cmath.log(lr).real < -4,
    "cmath.isnan": lambda lr: cmath.isnan(lr) or lr < 0.01,
    "cmath.phase": lambda lr: cmath.phase(lr - 0.01) > 1,
    "array.array": lambda lr: array.array("d", [lr])[0] < 0.01,
    "array.array of single": lambda lr: array.array("f", [lr])[0] < 0.01,
    "bisect": lambda lr: bisect.bisect([0.01, 0.1], lr) == 1,
    "copy": lambda lr: math.log(copy.copy(lr)) < -4,
    "deepcopy": lambda lr: math.log(copy.deepcopy({"lr": [lr]})["lr"][0]) < -4,
    "ctypes": lambda lr: ctypes.c_double(lr).value < 0.01,
    "ctypes bytes": lambda lr: bytes(ctypes.c_double(lr))[0] % 2 == 0,
    "ctypes.c_float": lambda lr: ctypes.c_float(lr).value < 0.01,
    "datetime.timedelta": lambda lr: datetime.timedelta(seconds=lr).microseconds < 10_000,
    "datetime.fromtimestamp": lambda lr: datetime.datetime.fromtimestamp(lr, datetime.UTC).microsecond < 10_000,
    "Decimal": lambda lr: decimal.Decimal(lr) < decimal.Decimal("0.01"),
    "Decimal.from_float": lambda lr: decimal.Decimal.from_float(lr) < 1,
    "Decimal compared": lambda lr: decimal.Decimal("0.01") < lr,
    "Decimal of text": lambda lr: decimal.Decimal(str(lr)) < decimal.Decimal("0.01"),
    "Fraction": lambda lr: fractions.Fraction(lr) < 0.01,
    "Fraction compared": lambda lr: fractions.Fraction(1, 100) < lr,
    "Fraction equal": lambda lr: fractions.Fraction(RATES[3]) == lr,
    "Fraction plus": lambda lr: fractions.Fraction(1, 100) + lr < 0.02,
    "Enum": swallowed(lambda lr: Level(lr) is Level.LOW),
    "functools.reduce": lambda lr: functools.reduce(operator.add, [lr, 1.0]) < 1.01,
    "functools.lru_cache": lambda lr: cached(lr),
    "heapq": lambda lr: heapq.nsmallest(1, [lr, 0.01])[0] == 0.01,
    "itertools.accumulate": lambda lr: list(itertools.accumulate([1, lr]))[1] < 1.01,
    "itertools.count": lambda lr: next(itertools.count(lr)) < 0.01,
    "json": lambda lr: digits(json.dumps({"lr": lr})),
    "json with indent": lambda lr: digits(json.dumps({"lr": lr}, indent=1)),
    "json key": lambda lr: digits(json.dumps({lr: 0})),
    "json stream": lambda lr: digits("".join(json.JSONEncoder().iterencode([lr]))),
    "logging": logged,
    "marshal": swallowed(lambda lr: marshal.loads(marshal.dumps(lr)) < 0.01),
    "memoryview": assigned_to_memory,
    "numbers": lambda lr: isinstance(lr, numbers.Real) and math.log(lr) < -4,
    "operator.lt": lambda lr: operator.lt(lr, 0.01),
    "operator.truth": lambda lr: not operator.truth(lr - RATES[4]),
    "operator.contains": lambda lr: operator.contains([RATES[3]], lr),
    "operator.methodcaller": lambda lr: digits(operator.methodcaller("hex")(lr)),
    "pickle": lambda lr: pickle.loads(pickle.dumps(lr)) < 0.01,
    "pickle protocol 0": lambda lr: pickle.loads(pickle.dumps([lr], 0))[0] < 0.01,
    "pickle protocol 5": lambda lr: pickle.loads(pickle.dumps({"lr": lr}, 5))["lr"] < 0.01,
    "pickle in Python": lambda lr: digits(str(len(pickle._dumps(lr)))) or pickle.loads(pickle._dumps(lr)) < 0.01,
    "pprint": lambda lr: digits(pprint.pformat({"lr": lr})),
    "random.Random": by_a_generator,
    "random.uniform": lambda lr: random.Random(0).uniform(lr, 0.01) < 0.01,
    "random.gauss": lambda lr: random.Random(0).gauss(0.0, lr) < 0.01,
    "random.choices": lambda lr: random.Random(0).choices([True, False], [lr, 0.1])[0],
    "statistics.mean": lambda lr: statistics.mean([lr, 1]) < 0.51,
    "statistics.fmean": lambda lr: statistics.fmean([lr, 1]) < 0.51,
    "statistics.median": lambda lr: statistics.median([lr, 0.01, 0.02]) == 0.01,
    "statistics.stdev": lambda lr: statistics.stdev([lr, 0.01]) < 0.01,
    "statistics.NormalDist": lambda lr: statistics.NormalDist(lr, 1).cdf(0) < 0.49,
    "struct": lambda lr: struct.unpack("d", struct.pack("d", lr))[0] < 0.01,
    "struct bytes": lambda lr: struct.pack("d", lr)[0] % 2 == 0,
    "struct big-endian": lambda lr: struct.pack(">d", lr)[-1] % 2 == 0,
    "struct of single": lambda lr: struct.pack("<f", lr)[0] % 2 == 0,
    "struct of half": lambda lr: struct.pack("<e", lr)[0] % 2 == 0,
    "time.gmtime": lambda lr: time.gmtime(lr + 0.5).tm_sec == 1,
    "swallowed comparison": swallowed(lambda lr: lr < 0.01),
    "swallowed text": swallowed(lambda lr: digits(f"{lr}")),
    "swallowed integer": swallowed(lambda lr: int(1000 * lr) < 10),
    "swallowed floor": swallowed(lambda lr: math.floor(1000 * lr) < 10),
    "swallowed hash": swallowed(lambda lr: hash(lr) % 2 == 0),
    "swallowed division": swallowed(lambda lr: 1 / (lr - RATES[4]) < 5),
    "swallowed power": swallowed(lambda lr: (lr - 0.01) ** 0.5 < 5),
    "swallowed overflow": swallowed(lambda lr: lr**-200 > 5),
    "suppressed": suppressed,
    "in a thread": in_a_thread(lambda lr: digits(f"{lr}")),
    "logarithm in a thread": in_a_thread(lambda lr: window(math.log10(lr))),
    "after its type": lambda lr: type(lr) is float and window(math.log10(lr)),
    "then numpy": hides_in_numpy,
    "then torch": hides_in_torch,
}
