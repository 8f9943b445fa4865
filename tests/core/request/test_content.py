"""The digest of a value's content: equal for what no code could tell apart, another one for any difference."""

import functools
import logging
import math
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench.core.request.content import Unkeyable, content_digest, describe

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)
TABLE = {"factor": 1.0}
SHARED = [1, 2, 3]


def reads_a_table(params):
    return TABLE["factor"]


def calls_the_reader(params):
    return reads_a_table(params)


class Settled:
    rate = 0.5

    def __init__(self, value):
        self.value = value

    def step(self):
        return self.rate * self.value


@given(PLAIN, PLAIN)
def test_plain_values_have_one_digest_only_if_they_are_the_same(one, other):
    same = repr(one) == repr(other)
    assert (content_digest(one) == content_digest(other)) == same


@pytest.mark.parametrize("make", [torch.zeros, np.zeros])
def test_one_entry_of_many_counts(make):
    first, second = make(100_000), make(100_000)
    assert content_digest(first) == content_digest(second)
    second[77_777] = 1e-30
    assert content_digest(first) != content_digest(second)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.bool, torch.complex64])
def test_tensors_of_every_kind_have_a_digest_and_their_dtype_counts(dtype):
    tensor = torch.ones(3, dtype=dtype)
    assert content_digest(tensor) == content_digest(tensor.clone()) != content_digest(torch.ones(3, dtype=torch.int64))


def test_the_fifth_digit_of_a_tensor_counts_where_its_repr_hides_it():
    one, other = torch.tensor([0.12345]), torch.tensor([0.123451])
    assert repr(one) == repr(other)
    assert content_digest(functools.partial(max, one)) != content_digest(functools.partial(max, other))


def test_a_dictionary_that_a_function_reads_counts(monkeypatch):
    before = content_digest(reads_a_table), content_digest(calls_the_reader)
    assert before == (content_digest(reads_a_table), content_digest(calls_the_reader))
    monkeypatch.setitem(TABLE, "factor", 2.0)
    assert content_digest(reads_a_table) != before[0]
    assert content_digest(calls_the_reader) != before[1]


def test_a_constant_within_a_function_within_a_function_counts():
    def made(number):
        names = {}
        exec(f"def outer(p):\n    def inner():\n        return {number}\n    return inner", names)
        return names["outer"]

    assert content_digest(made(1)) == content_digest(made(1)) != content_digest(made(2))


def test_the_members_and_the_state_of_an_object_count(monkeypatch):
    before = content_digest(Settled(1))
    assert before == content_digest(Settled(1)) != content_digest(Settled(2))
    monkeypatch.setattr(Settled, "rate", 0.25)
    assert content_digest(Settled(1)) != before


def test_what_refers_to_itself_has_a_digest():
    around = [1]
    around.append(around)
    again = [1]
    again.append(again)
    assert content_digest(around) == content_digest(again) != content_digest([1, [1]])


def test_a_digest_is_the_same_whichever_equal_object_stands_in_several_places():
    assert content_digest([SHARED, SHARED]) == content_digest([SHARED, list(SHARED)])


def test_a_model_counts_by_its_parameters():
    def model(seed):
        torch.manual_seed(seed)
        return torch.nn.Linear(3, 2)

    assert content_digest(model(0)) == content_digest(model(0)) != content_digest(model(1))


@pytest.mark.parametrize(
    "value",
    [
        torch.optim.SGD,
        torch.float32,
        torch.device("cpu"),
        np.random.default_rng(0),
        logging.getLogger("linbench"),
        Path("data.csv"),
        math.sqrt,
        [].append,
        functools.partial(sorted, key=len),
        {1, 2.5, "three"},
        range(3),
        slice(1, 2),
        threading,
    ],
    ids=lambda value: type(value).__name__,
)
def test_much_that_optimizers_hold_has_a_digest_that_stays(value):
    assert content_digest(value) == content_digest(value)


@pytest.mark.parametrize("make", [threading.Lock, lambda: (i for i in range(3)), lambda: sys.stdout])
def test_what_pickle_cannot_take_apart_is_refused_by_its_type(make):
    value = make()
    with pytest.raises(Unkeyable, match=rf"^an object of type {type(value).__qualname__}$"):
        content_digest({"inside": [value]})


def test_digests_are_the_same_in_every_process():
    code = (
        "import functools, torch\n"
        "from linbench.core.request.content import content_digest\n"
        "from tests.core.request.test_content import Settled, calls_the_reader\n"
        "value = [torch.optim.Adam, {'b', 'a', 'c'}, functools.partial(calls_the_reader, x=(0.1, None)), Settled(3)]\n"
        "print(content_digest(value))"
    )
    root = Path(__file__).parents[3]
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONPATH": str(root), "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.optim.SGD, "torch.optim.sgd:SGD"),
        (reads_a_table, f"{__name__}:reads_a_table"),
        (torch.float32, "torch.float32"),
        (range(3), "range(0, 3)"),
    ],
)
def test_a_value_with_a_name_is_described_by_it(value, text):
    assert describe(value) == text


def test_values_without_a_name_are_described_by_the_beginning_of_their_digest():
    one, other = torch.zeros(3), torch.tensor([0, 0, 1e-9])
    assert describe(one) == f"<Tensor #{content_digest(one)[:8]}>" != describe(other)
    assert describe(Settled(1)) == f"<Settled #{content_digest(Settled(1))[:8]}>"
    assert describe(lambda: 1).startswith("<lambda #")
    assert describe(threading.Lock()) == "<lock>"


class OwnStep(torch.optim.SGD):
    def step(self, closure=None):
        return super().step(closure)


class InheritedStep(OwnStep):
    """Has a step of its own as soon as torch has wrapped the one that it inherits."""


@pytest.mark.parametrize("optimizer_class", [InheritedStep, OwnStep])
def test_a_class_of_optimizers_has_the_same_digest_after_its_first_run(optimizer_class):
    before = content_digest(optimizer_class)
    optimizer = optimizer_class([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    optimizer.param_groups[0]["params"][0].grad = torch.ones(1)
    optimizer.step()
    assert content_digest(optimizer_class) == before
