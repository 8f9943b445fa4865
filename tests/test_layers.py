"""The order of the wings is held by import-linter, and the contract that holds it does notice."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
LAYERS = [names.split(" | ") for names in CONTRACTS[0]["layers"]]

# Imports of a later wing, in a module of an earlier one.
LOOKING_UP = {
    "linbench/core/isolation/garbage.py": "linbench.core.contract.contract",
    "linbench/core/request/spec.py": "linbench.core.problem.problem",
    "linbench/core/outcome/record.py": "linbench.core.running.runner",
    "linbench/theory/rates.py": "linbench.results.serialize",
    "linbench/results/serialize.py": "linbench.store.store",
    "linbench/tuning/trials.py": "linbench.gate.finding",
    "linbench/gate/finding.py": "linbench.cli.main",
}


def test_every_wing_has_its_place_in_the_order():
    listed = {name for names in LAYERS for name in names}
    wings = set()
    for package in ("linbench", "linbench.core"):
        for entry in (ROOT / package.replace(".", "/")).iterdir():
            if (entry.suffix == ".py" and entry.stem != "__init__") or (entry / "__init__.py").exists():
                wings.add(f"{package}.{entry.stem}")
    assert wings - {"linbench.core"} == listed


@pytest.fixture
def copy(tmp_path):
    """A copy of the sources, to be linted as if it were the project."""
    shutil.copytree(ROOT / "linbench", tmp_path / "linbench", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder):
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_an_import_of_a_later_wing_breaks_the_contract(copy):
    for module, imported in LOOKING_UP.items():
        path = copy / module
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\nimport {imported}  # noqa\n", encoding="utf-8")
    linted = lint(copy)
    assert linted.returncode == 1
    said = " ".join(linted.stdout.split())
    for module, imported in LOOKING_UP.items():
        assert f"{module.removesuffix('.py').replace('/', '.')} -> {imported}" in said
