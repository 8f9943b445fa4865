"""Which tests the daily run leaves out: those marked long, and of a sampled cross product all but a fixed sample."""

from pathlib import Path

import pytest
from hypothesis import settings

CONFTEST = Path(__file__).with_name("conftest.py").read_text(encoding="utf-8")

TESTS = """
import pytest

@pytest.mark.sampled(keep=6)
@pytest.mark.parametrize("letter", ["a", "b", "c", "d", "e", "f"])
@pytest.mark.parametrize("number", [[1], [2], [3]])
def test_cross(letter, number):
    pass

@pytest.mark.long
def test_long():
    pass

def test_short():
    pass
"""


@pytest.fixture
def selected(pytester):
    """The names of the tests that pytest would run with these arguments."""
    pytester.makeini("[pytest]\nmarkers =\n    long:\n    sampled:\n")
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(test_some=TESTS)
    profile = settings.get_current_profile_name()

    def collect(*arguments):
        hooks = pytester.inline_run("--collect-only", "-q", "-p", "no:cacheprovider", *arguments)
        (finished,) = hooks.getcalls("pytest_collection_finish")
        return [item.name for item in finished.session.items]

    yield collect
    settings.load_profile(profile)


def test_the_daily_run_has_a_sample_and_nothing_long(selected):
    names = selected()
    assert len(names) == 7
    assert names[-1] == "test_short"


def test_a_sample_has_every_value_of_every_parameter_that_fits(selected):
    *cases, _ = selected()
    values = [name.removeprefix("test_cross[").removesuffix("]").split("-") for name in cases]
    assert {letter for _, letter in values} == set("abcdef")
    assert len({number for number, _ in values}) == 3


def test_a_sample_is_the_same_every_time(selected):
    assert selected() == selected()


@pytest.mark.parametrize("arguments", [["--long"], ["-m", "long or not long"]])
def test_the_long_run_has_every_test(selected, arguments):
    assert len(selected(*arguments)) == 18 + 2


def test_what_the_daily_run_leaves_out_can_be_run_alone(selected):
    left_out = selected("-m", "long")
    assert len(left_out) == 12 + 1
    assert set(left_out).isdisjoint(selected())


def test_a_case_that_is_named_is_run_whether_or_not_it_is_in_the_sample(selected):
    left_out = next(name for name in selected("-m", "long") if name.startswith("test_cross"))
    assert selected(f"test_some.py::{left_out}") == [left_out]


def test_more_examples_are_drawn_in_the_long_run(selected):
    selected("--long")
    many = settings.default.max_examples
    selected()
    assert settings.default.max_examples < many
