"""Errors are one line, and name what was probably meant."""

import pytest

from linbench import ComponentError, LinbenchError, ProblemError, UsageError
from linbench.core.errors import one_line, unknown_name


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("adm", "unknown optimizer 'adm': did you mean 'adam'?"),
        ("ADAM", "unknown optimizer 'ADAM': did you mean 'adam'?"),
        ("zzz", "unknown optimizer 'zzz': known are adam, rmsprop, sgd"),
    ],
)
def test_an_unknown_name_gets_the_closest_known_one_else_all_of_them(name, message):
    assert str(unknown_name("optimizer", name, ["sgd", "adam", "rmsprop"])) == message


def test_where_nothing_is_known_the_error_says_so():
    assert str(unknown_name("parameter", "lr", [])) == "unknown parameter 'lr': known are none"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("first\nsecond"), "ValueError: first"),
        (ValueError("\n  padded  \n"), "ValueError: padded"),
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (KeyError("x"), "KeyError: 'x'"),
    ],
)
def test_an_exception_is_told_in_one_line(error, line):
    assert one_line(error) == line


def test_unusable_data_is_a_mistake_of_the_request_and_a_bad_component_is_not():
    assert issubclass(ProblemError, UsageError)
    assert issubclass(UsageError, LinbenchError)
    assert issubclass(ComponentError, LinbenchError)
    assert not issubclass(ComponentError, UsageError)
