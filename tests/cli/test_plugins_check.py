"""`linbench plugins check`: one line a check, and an exit code."""

import pytest

from linbench.conformance.all_checks import CHECKS

NAMES = [check.__name__.replace("_", " ") for check in CHECKS]

FAULTY = """
import torch

class Faulty(torch.optim.SGD):
    def __init__(self, params, lr=0.1):
        super().__init__(params, lr=abs(lr))
        print("hello")

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "faulty", Faulty)]
"""


def lines(result):
    """The outcome, name and reason of each check; and the summary."""
    *checks, empty, summary = result.stdout.splitlines()
    assert empty == ""
    rows = [(line[:14].strip(), *line[16:].partition(": ")[::2]) for line in checks]
    return rows, summary


def test_each_check_is_a_line_and_a_sound_optimizer_exits_with_0(linbench):
    result = linbench("plugins check adam:lr=0.02")
    rows, summary = lines(result)
    assert (result.exit_code, result.stderr) == (0, "")
    assert [name for _, name, _ in rows] == NAMES
    assert ("pass", "reaches an easy optimum", "at lr=0.02") in rows
    assert ("not applicable", "declared reductions hold", "no reduction is declared") in rows
    assert summary == f"adam:lr=0.02: {len(NAMES) - 1} pass, 0 fail, 1 not applicable"


def test_what_fails_says_why_and_exits_with_1(linbench, plugin):
    result = linbench(f"plugins check faulty --plugin {plugin(FAULTY)}")
    rows, summary = lines(result)
    assert result.exit_code == 1
    assert [row for row in rows if row[0] == "fail"] == [
        ("fail", "rejects a negative lr", "lr=-0.1 is taken without a ValueError"),
        ("fail", "leaves global state alone", "it prints to stdout: 'hello'"),
    ]
    assert ", 2 fail, " in summary


def test_an_import_path_is_checked_too(linbench):
    rows, _ = lines(linbench("plugins check torch.optim.SGD"))
    assert {outcome for outcome, _, _ in rows} == {"pass", "not applicable"}


@pytest.mark.parametrize(
    ("reduction", "code", "reason"),
    [
        ("weight_decay=0->adam", 0, "adamw:lr=0.01,weight_decay=0 is adam:lr=0.01"),
        ("weight_decay=0.5->adam", 1, "not so: adamw:lr=0.01,weight_decay=0.5 is adam:lr=0.01"),
    ],
)
def test_a_reduction_can_be_declared(linbench, reduction, code, reason):
    result = linbench(f"plugins check adamw --reduces-to '{reduction}'")
    assert result.exit_code == code
    assert ("fail" if code else "pass", "declared reductions hold", reason) in lines(result)[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("plugins check adm", "unknown optimizer 'adm': did you mean 'adam'?"),
        ("plugins check no_such.Optimizer", "cannot import optimizer 'no_such.Optimizer': ModuleNotFoundError"),
        ("plugins check sgd:momentun=1", "unknown parameter 'momentun' of optimizer 'sgd': did you mean 'momentum'?"),
        ("plugins check sgd:lr=[0.1,0.2]", "one optimizer with one setting is checked at a time, not 2"),
        ("plugins check sgd,adam", "one optimizer with one setting is checked at a time, not 2"),
        ("plugins check adamw --reduces-to adam", "a reduction is written parameters->optimizer, for example"),
        ("plugins check adamw --reduces-to 'momentum=0->adam'", "unknown parameter 'momentum' of optimizer 'adamw'"),
        ("plugins check", "Missing argument 'OPTIMIZER'"),
        ("plugins -v check sgd", "give the options of 'check' after it"),
    ],
)
def test_a_mistake_in_the_request_is_one_line_and_exits_with_2(refused, arguments, message):
    assert refused(arguments).startswith(message)
