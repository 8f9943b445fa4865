"""The suite's file: the words of `compare`, and mistakes in one line."""

import pytest

from linbench.core.errors import UsageError
from linbench.gate.configuration import Suite, find_suite, read_suite


def test_without_a_file_there_is_a_default(tmp_path):
    assert find_suite(tmp_path) == Suite()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_suite(tmp_path) == Suite()


def test_linbench_toml_comes_before_pyproject(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.linbench.gate]\nepochs = 5\n")
    assert find_suite(tmp_path).epochs == 5
    (tmp_path / "linbench.toml").write_text('[gate]\nepochs = 7\noptimizers = ["sgd", "adam"]\nlr = [0.1, 0.2]\n')
    assert find_suite(tmp_path) == Suite(epochs=7, optimizers=["sgd", "adam"], lr=[0.1, 0.2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[gate]\noptimizer = 'sgd'", r"unknown key 'optimizer' of \[gate\] in .*: did you mean 'optimizers'"),
        ("[gates]\nepochs = 1", "unknown table 'gates' .*: did you mean 'gate'"),
        ("gate = 3", r"\[gate\] in .*linbench.toml must be a table, not 3"),
        ("[gate]\nepochs = '5'", "epochs must be a whole number, not '5'"),
        ("[gate]\nepochs = true", "epochs must be a whole number"),
        ("[gate]\noptimizers = []", "optimizers must be a spec or a list"),
        ("[gate]\nproblems = [1]", "problems must be a spec or a list"),
        ("[gate]\ndtype = 'bfloat16'", "dtype must be 'float64' or 'float32'"),
        ("[gate]\nlr = [true]", "lr must be a number"),
        ("[gate]\nseeds = [0.5]", "seeds must be a count"),
        ("[gate", "is not TOML"),
        ("[other]", "unknown table 'other'"),
        ("", "has no table"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, text, said):
    path = tmp_path / "linbench.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as mistake:
        read_suite(path)
    assert "\n" not in str(mistake.value)
