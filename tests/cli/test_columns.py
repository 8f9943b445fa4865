"""Short lists look as tabulate would write them."""

import pytest
import tabulate
from hypothesis import given
from hypothesis import strategies as st

from linbench.cli.columns import columns

TEXT = st.text("aZ09.,-–·κ…", max_size=12)


@given(st.data(), st.lists(TEXT.filter(bool), min_size=1, max_size=5, unique=True))
def test_columns_are_those_of_tabulate_without_its_padding_of_headers(data, headers):
    rows = data.draw(st.lists(st.tuples(*[TEXT | st.integers()] * len(headers)), max_size=6))
    right = data.draw(st.sets(st.sampled_from(headers)))
    align = ["right" if header in right else "left" for header in headers]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tabulate, "MIN_PADDING", 0)
        expected = tabulate.tabulate(rows, headers, colalign=align if rows else None, disable_numparse=True)
    assert columns(headers, rows, right).splitlines() == [line.rstrip() for line in expected.splitlines()]
