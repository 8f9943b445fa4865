"""Ways to read a hyperparameter as one number and branch on it, as Python code may; each is asked with a float.

No way is a mistake: with a single learning rate each answers True for some of `RATES` and False for others.
"""

import math
import string
import warnings

RATES = [10 ** (-4 + 4 * i / 23) for i in range(24)]
"""As `lr=1e-4..1@24` has them."""


def digits(text):
    return sum(map(ord, text)) % 2 == 0


def swallowed(read):
    """A refusal that is caught takes another branch, unless it is kept."""

    def way(lr):
        try:
            return read(lr)
        except Exception:
            return False

    return way


def by_match(lr):
    match lr:
        case 0.0001 | 1.0:
            return True
    return False


def warned(lr):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn(f"lr is {lr}", stacklevel=1)
    return digits(str(caught[0].message))


def raised(lr):
    try:
        raise ValueError(f"lr is {lr}")
    except ValueError as error:
        return digits(str(error))


def below(read):
    return lambda lr: bool(read(lr) < read(0.01))


def above(read):
    return lambda lr: bool(read(lr) > read(0.01))


RISING = "asin asinh atan cbrt degrees erf exp exp2 expm1 fabs log log10 log1p log2 radians sin sinh sqrt tan tanh ulp"
FALLING = "acos cos erfc gamma lgamma"
MATH = {
    **{f"math.{name}": below(getattr(math, name)) for name in RISING.split() if hasattr(math, name)},
    **{f"math.{name}": above(getattr(math, name)) for name in FALLING.split()},
}
BUILTINS = {
    "abs": lambda lr: abs(lr) < 0.01,
    "bool": lambda lr: not bool(lr - RATES[4]),
    "complex": lambda lr: complex(lr).real < 0.01,
    "complex arithmetic": lambda lr: abs(lr * 1j) < 0.01,
    "complex part": lambda lr: complex(0, lr).imag < 0.01,
    "divmod": lambda lr: divmod(lr, 0.01)[0] < 1,
    "divmod reversed": lambda lr: divmod(1, lr)[0] < 50,
    "float": lambda lr: float(lr) < 0.01,
    "float.__float__": lambda lr: float.__float__(lr) < 0.01,
    "float.__new__": lambda lr: float.__new__(float, lr) < 0.01,
    "float.__lt__": lambda lr: float.__lt__(lr, 0.01),
    "float.__add__": lambda lr: float.__add__(lr, 0.0) < 0.01,
    "float.__abs__": lambda lr: float.__abs__(lr) < 0.01,
    "float.__hash__": lambda lr: float.__hash__(lr) % 2 == 0,
    "float.__format__": lambda lr: digits(float.__format__(lr, ".3f")),
    "float.hex": lambda lr: digits(float.hex(lr)),
    "float.real": lambda lr: float.real.__get__(lr) < 0.01,
    "float.is_integer": lambda lr: float.is_integer(lr),
    "format": lambda lr: format(lr, ".1f") == "0.0",
    "hash": lambda lr: hash(lr) % 2 == 0,
    "int": lambda lr: int(1000 * lr) < 10,
    "max": lambda lr: max(lr, 0.01) == 0.01,
    "min": lambda lr: min(lr, 0.01) == 0.01,
    "max of several": lambda lr: max([0.001, lr, 0.01], key=lambda value: -value) is not lr,
    "pow": lambda lr: pow(lr, 2) < 1e-4,
    "repr": lambda lr: digits(repr(lr)),
    "round": lambda lr: round(lr, 1) == 0,
    "round to an integer": lambda lr: round(lr) == 0,
    "sorted": lambda lr: sorted([lr, 0.01])[0] == 0.01,
    "str": lambda lr: digits(str(lr)),
    "sum": lambda lr: sum([lr, 1.0]) < 1.01,
    "sum from a float": lambda lr: sum([1.0, lr], 0.5) < 1.51,
    "all": lambda lr: all([lr - RATES[4]]),
    "any": lambda lr: any([lr - RATES[4]]),
    "filter": lambda lr: not list(filter(None, [lr - RATES[4]])),
    "int of text": lambda lr: int(f"{1000 * lr:.0f}") < 10,
    "slice": lambda lr: len([0] * int(100 * lr)) < 5,
    "type": lambda lr: type(lr)(RATES[3]) < lr,
    "fromhex": lambda lr: lr.fromhex("0x1p-6") < lr,
    "or": lambda lr: ((lr - RATES[4]) or 5) == 5,
    "not": lambda lr: not (lr - RATES[4]),
    "chained comparison": lambda lr: 1e-3 < lr < 1e-2,
    "not a number": lambda lr: lr != lr or lr < 0.01,
    "tuple comparison": lambda lr: (0, lr) < (0, 0.01),
    "list equality": lambda lr: [lr] == [RATES[3]],
    "in a tuple": lambda lr: lr in (RATES[3], RATES[5]),
    "in a list": lambda lr: [RATES[3], RATES[5]].count(lr) == 1,
    "in a set": lambda lr: lr in {RATES[3], RATES[5]},
    "in a dictionary": lambda lr: {RATES[3]: True}.get(lr, False),
    "key of a dictionary": lambda lr: RATES[3] in {lr: 0},
    "match": by_match,
    "percent s": lambda lr: digits("%s" % lr),  # noqa: UP031
    "percent r": lambda lr: digits("%r" % lr),  # noqa: UP031
    "percent g": lambda lr: digits("%g" % lr),  # noqa: UP031
    "percent f": lambda lr: digits("%.3f" % lr),  # noqa: UP031
    "percent d": lambda lr: "%d" % (100 * lr) == "0",  # noqa: UP031
    "f-string": lambda lr: digits(f"{lr}"),
    "f-string with digits": lambda lr: digits(f"{lr:.2f}"),
    "f-string with repr": lambda lr: digits(f"{lr!r}"),
    "str.format": lambda lr: digits("{:g}".format(lr)),  # noqa: UP032
    "string.Template": lambda lr: digits(string.Template("$lr").substitute(lr=lr)),
    "list in text": lambda lr: digits(str([lr])),
    "real": lambda lr: lr.real < 0.01,
    "real in C": lambda lr: math.log10(lr.real) < -2,
    "conjugate": lambda lr: math.log10(lr.conjugate()) < -2,
    "imag": lambda lr: math.log10(lr) + lr.imag < -2,
    "hex": lambda lr: digits(lr.hex()),
    "is_integer": lambda lr: lr.is_integer(),
    "as_integer_ratio": lambda lr: lr.as_integer_ratio()[1] > 2**58,
    "floor division": lambda lr: lr // 0.01 < 1,
    "remainder": lambda lr: lr % 0.01 < 0.005,
    "getnewargs": lambda lr: lr.__getnewargs__()[0] < 0.01,
    "warning": warned,
    "error": raised,
}
