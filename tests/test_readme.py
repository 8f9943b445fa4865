"""What the README shows is what a user gets."""

import decimal
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from linbench.cli.main import main
from linbench.core.outcome.record import StepTime

README = Path(__file__).parent.parent / "README.md"
MAKE_COMPARE = "linbench compare --optimizers sgd,adam,rmsprop"


def shown():
    """(command, output) of every block that shows a command; the first block is what `make compare` prints."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", README.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    first, *rest = [block for language, block in blocks if not language]
    yield MAKE_COMPARE, first
    for block in rest:
        command, _, output = block.partition("\n")
        yield command.removeprefix("$ "), output


def without_times(text):
    """Times differ from run to run, and with them the widths of columns; nothing else may."""
    text = re.sub(r"^step times vary.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\S+ ± \S+|[\d.]+ (s|ms|µs)\b", "TIME", text)
    return [re.sub(r"[\s-]+", " ", line).strip() for line in text.strip().splitlines()]


NUMBER = re.compile(r"(?<![\w.])\d[\d.]*(?:e[+-]?\d+)?")


def digits_apart(one, other):
    """The difference of two numbers in units of the last digit that is shown of both."""
    (a, b) = map(decimal.Decimal, (one.rstrip("."), other.rstrip(".")))
    return abs(a - b).scaleb(-max(a.as_tuple().exponent, b.as_tuple().exponent))


def assert_same(shown, real):
    """The same words, and numbers that differ by two in their last digit at most: processors round differently."""
    assert [NUMBER.sub("#", line) for line in shown] == [NUMBER.sub("#", line) for line in real]
    for line, other in zip(shown, real, strict=True):
        pairs = zip(NUMBER.findall(line), NUMBER.findall(other), strict=True)
        assert all(digits_apart(*pair) <= 2 for pair in pairs), (line, other)


@pytest.mark.parametrize(
    ("command", "output"), list(shown()), ids=lambda value: value if value.startswith("lin") else ""
)
def test_shown_output_is_real(command, output, monkeypatch):
    # On a busy machine a wide time can push another column out of the table.
    monkeypatch.setattr(
        "linbench.core.running.runner.step_times", lambda cases, *_: dict.fromkeys(cases, StepTime(100.0, 2.0))
    )
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert_same(without_times(output), without_times(result.output))


def test_the_makefile_runs_the_command_that_the_readme_opens_with():
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    assert f"$(BIN)/{MAKE_COMPARE}\n" in makefile
