"""Results and theory read records without torch: none of their modules imports it, in a fresh interpreter."""

import pkgutil
import subprocess
import sys

import pytest

import linbench.results
import linbench.theory

# Imports the modules one after the other; the first that brings torch along is named on stdout.
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    if "torch" in sys.modules:
        print(name)
        break
"""


def modules_of(package):
    """The names of a package and of all modules in it."""
    inner = pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    return [package.__name__, *(module.name for module in inner)]


@pytest.mark.parametrize("package", [linbench.results, linbench.theory], ids=lambda package: package.__name__)
def test_no_module_of_results_and_theory_imports_torch(package):
    modules = modules_of(package)
    assert len(modules) > 5
    process = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, *modules], capture_output=True, text=True, timeout=60, check=False
    )
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")
