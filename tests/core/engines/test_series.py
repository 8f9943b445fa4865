"""A series is a list of tensors, whenever it is put together."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from linbench.core.engines import series
from linbench.core.engines.series import TensorSeries


@given(
    steps=st.lists(st.sampled_from(["append", "append", "append", "tidy", "rows"]), max_size=80),
    shape=st.sampled_from([(), (2,), (3, 2)]),
    start=st.integers(0, 90),
)
def test_a_series_is_the_list_of_what_was_appended(steps, shape, start):
    kept, plain = TensorSeries(), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series, "AT_ONCE", 3)
        for number, step in enumerate(steps):
            if step == "append":
                kept.append(torch.full(shape, float(number)))
                plain.append(torch.full(shape, float(number)))
            elif step == "tidy":
                kept.tidy()
            elif plain:
                kept.rows()
            assert len(kept) == len(plain)
        if plain:
            assert kept.last().equal(plain[-1])
            assert kept.rows().equal(torch.stack(plain))
            assert kept.rows(start).equal(torch.stack(plain)[start:])
            assert kept.last().equal(plain[-1])


def test_an_empty_series_has_neither_rows_nor_a_last_one():
    for look in (TensorSeries().rows, TensorSeries().last):
        with pytest.raises(IndexError):
            look()


def test_rows_once_given_stay_as_they_are():
    kept = TensorSeries()
    kept.append(torch.tensor(1.0))
    first = kept.rows()
    for number in range(2, 9):
        kept.append(torch.tensor(float(number)))
        kept.rows()
    assert first.tolist() == [1.0]
