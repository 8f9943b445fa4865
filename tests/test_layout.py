"""The tests lie as the sources do: whoever knows a module knows where its tests are."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
SOURCES = TESTS.parent / "linbench"

# Folders of tests that mirror no folder of linbench, and a file that is named for no module, each with its reason.
ACROSS = {
    "pytest_plugin": "linbench.pytest_plugin is one module, with a project of its own for its tests to run in",
    "test_layout.py": "the layout of the tests, not of a table",
    "truth": "the harness in benchmarks/truth holds what every wing says to the truth",
    "reliability": "what a hostile plugin may do concerns every wing",
}

FILES = sorted(path.relative_to(TESTS) for path in TESTS.rglob("test_*.py"))


def modules_of(folder):
    """The names of the modules and packages right below a folder of linbench, and its own."""
    entries = [path for path in (SOURCES / folder).iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    return {path.stem for path in entries} | {(SOURCES / folder).name}


def homes_of(name):
    """The folders of linbench that hold a module or package of this name, as tests would name them."""
    found = [*SOURCES.rglob(f"{name}.py"), *(path.parent for path in SOURCES.rglob(f"{name}/__init__.py"))]
    return [f"tests/{path.parent.relative_to(SOURCES)}/".replace("/./", "/") for path in found]


@pytest.mark.parametrize("folder", sorted({str(file.parent) for file in FILES}))
def test_a_folder_of_tests_mirrors_a_folder_of_linbench(folder):
    assert folder in ACROSS or (SOURCES / folder).is_dir(), (
        f"there is no folder linbench/{folder}: move the tests to the wing that they are about, "
        "or name the folder in ACROSS if they concern several"
    )


@pytest.mark.parametrize("file", FILES, ids=str)
def test_a_test_file_that_is_named_for_a_module_lies_where_the_module_does(file):
    name = file.stem.removeprefix("test_")
    if {str(file), str(file.parent)} & ACROSS.keys() or name in modules_of(file.parent):
        return
    assert homes_of(name) == [], f"tests/{file} is named for a module of another folder: git mv it, or rename it"


def test_every_exception_is_still_there():
    assert [name for name in ACROSS if not (TESTS / name).exists()] == []
