"""What a plugin does while it is loaded stays with it: one line, and every record is as without it."""

import pytest

OK = "@hookimpl\ndef linbench_optimizers():\n    return [Component('optimizer', 'mine', 'torch.optim:SGD')]\n"

BROKEN = {
    "raises": ("raise RuntimeError('no luck\\nat all')", "RuntimeError: no luck"),
    "syntax": ("def (:", "SyntaxError: "),
    "exits": ("import sys; sys.exit(3)", "SystemExit: 3"),
    "cancels": ("import asyncio; raise asyncio.CancelledError('late')", "CancelledError: late"),
    "recurses": ("def f(): f()\nf()", "RecursionError: "),
    "unknown-hook": ("@hookimpl\ndef linbench_optimisers(): return []", "PluginValidationError: unknown hook"),
    "wrong-arguments": ("@hookimpl\ndef linbench_optimizers(catalog): return []", "PluginValidationError: "),
    "no-list": ("@hookimpl\ndef linbench_optimizers(): return 3", "linbench_optimizers must return a list"),
    "wrong-type": ("@hookimpl\ndef linbench_optimizers(): return [3]", "linbench_optimizers offers a int"),
    "wrong-kind": (
        "@hookimpl\ndef linbench_models():\n    return [Component('optimizer', 'x', 'a:b')]",
        "linbench_models",
    ),
    "hook-raises": ("@hookimpl\ndef linbench_optimizers(): raise OSError('gone')", "OSError: gone"),
    "hook-cancels": (
        "import asyncio\n@hookimpl\ndef linbench_optimizers(): raise asyncio.CancelledError",
        "CancelledError",
    ),
}

LEAVES_TRACES = (
    """
import gc, os, random, signal, sys, warnings
import torch
print("JUNK of print")
os.write(1, b"JUNK of the file descriptor\\n")
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
torch.manual_seed(5)
random.seed(5)
warnings.simplefilter("error")
os.chdir("/")
sys.setrecursionlimit(150)
gc.disable()
signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.stdout = sys.stderr = None
"""
    + OK
)

COMPARE = ("compare", "-o", "sgd,adam", "--epochs", "20", "--no-timing", "--format", "json")


@pytest.fixture(scope="module")
def without(command):
    """What is compared, with no plugin at all."""
    return command(*COMPARE, LINBENCH_PLUGINS="").stdout


@pytest.mark.parametrize("name", BROKEN)
def test_a_plugin_that_cannot_be_loaded_is_one_line_and_changes_no_record(install, loaded_line, name):
    source, reason = BROKEN[name]
    install({"broken": source})
    stdout, stderr = loaded_line("broken")
    assert stderr.startswith(f"linbench: plugin 'broken' failed and is left out: {reason}")
    assert stderr.count("\n") == 1
    assert stdout == loaded_line("")[0]


def test_a_plugin_that_leaves_traces_when_it_is_loaded_changes_no_record(install, command, without):
    folder = install({"messy": LEAVES_TRACES})
    result = command(*COMPARE, LINBENCH_PLUGINS="messy", PYTHONPATH=str(folder))
    assert (result.returncode, result.stdout) == (0, without)
    assert sorted(result.stderr.splitlines()) == ["JUNK of print", "JUNK of the file descriptor"]


def test_a_target_that_is_not_used_is_not_imported(install, command, without):
    slow = "@hookimpl\ndef linbench_optimizers():\n    return [Component('optimizer', 'slow', 'slow_target:Slow')]\n"
    folder = install({"slow": slow})
    (folder / "slow_target.py").write_text("import time; time.sleep(600)\n")
    result = command(*COMPARE, LINBENCH_PLUGINS="slow", PYTHONPATH=str(folder))
    assert (result.returncode, result.stdout, result.stderr) == (0, without, "")


@pytest.mark.parametrize(("kind", "name"), [("optimizer", "sgd"), ("model", "manual")])
def test_a_name_that_is_taken_is_refused_in_one_line(install, loaded_line, kind, name):
    install({"greedy": f"@hookimpl\ndef linbench_{kind}s():\n    return [Component('{kind}', '{name}', 'a:b')]\n"})
    stdout, stderr = loaded_line("greedy", exit_code=2)
    assert (stdout, stderr.count("\n")) == ("", 1)
    assert stderr.startswith(f"linbench: {kind} '{name}' is claimed by two plugins: 'linbench.{kind}s' and 'greedy'")
