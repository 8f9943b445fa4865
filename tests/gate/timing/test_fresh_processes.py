"""Fresh processes run the code that runs here."""

import subprocess

from linbench.gate.timing.fresh_processes import Job, ask, this_side

THREE_STEPS_OR_ONE = """
import torch

class Once(torch.optim.Adam):
    pass

class Thrice(torch.optim.Adam):
    def step(self, closure=None):
        for _ in range(3):
            super().step(closure)

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "once", Once), Component("optimizer", "thrice", Thrice)]
"""


def test_fresh_processes_find_what_this_process_finds(tmp_path, monkeypatch):
    """As where pytest has put a folder on the path."""
    (tmp_path / "found_by_path.py").write_text("print('found')\n")
    monkeypatch.syspath_prepend(tmp_path)
    side = this_side(())
    command = [side.python, "-P", "-c", "import found_by_path"]
    process = subprocess.run(
        command, cwd=side.folder, env=side.environ(), capture_output=True, text=True, timeout=60, check=False
    )
    assert (process.stdout, process.stderr) == ("found\n", "")


def test_a_fresh_process_measures_that_three_steps_take_longer_than_one(tmp_path, monkeypatch, install):
    monkeypatch.chdir(tmp_path)
    install({"mine": THREE_STEPS_OR_ONE})
    monkeypatch.setenv("LINBENCH_PLUGINS", "mine")
    answer = ask(this_side(()), Job(("once", "thrice"), "study-hours", ("manual",), "float64", 0))
    assert answer.unmeasured == {}
    assert answer.ratios["thrice"] > 2 * answer.ratios["once"] > 0
