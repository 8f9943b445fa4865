"""Paths and dotted names in the documentation lead somewhere."""

import pkgutil
import re
from pathlib import Path

import pytest

import linbench
from linbench.plugins.manager import load_plugins

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]
ARCHITECTURE = ROOT / "docs" / "architecture.md"
CODE = re.compile(r"`([^`\n]+)`")
DOTTED = re.compile(r"(?<![\w./:-])linbench(?:\.\w+)+(?![\w/-])")
FILE = re.compile(r"(?<![\w./-])(?:linbench|tests|benchmarks|baseline|docs|examples)/[\w./-]*\w")


NO_MODULES = (".toml", ".md", ".sqlite")


def identify(page):
    return str(page.relative_to(ROOT))


def dotted_names(page):
    """The dotted names on a page that stand for something in Python: not those of files, nor of built-in plugins."""
    plugins = {status.name for status in load_plugins(environ={"LINBENCH_PLUGINS": ""}).statuses}
    found = DOTTED.findall(page.read_text(encoding="utf-8"))
    return [name for name in found if name not in plugins and not name.endswith(NO_MODULES)]


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_dotted_names_in_docs_can_be_imported(page):
    for name in dotted_names(page):
        pkgutil.resolve_name(name)


@pytest.mark.parametrize("page", [page for page in PAGES if page != ARCHITECTURE], ids=identify)
def test_docs_for_users_name_public_names_only(page):
    public = {*linbench.__all__, "testing", "__version__"}
    assert [name for name in dotted_names(page) if name.split(".")[1] not in public] == []


@pytest.mark.parametrize("page", PAGES, ids=identify)
def test_files_that_docs_name_exist(page):
    made_by_users = ("baseline/timing", "tests/test_gate.py")
    for name in FILE.findall(page.read_text(encoding="utf-8")):
        places = (ROOT, page.parent, ROOT / "examples" / "linbench-lion")
        assert name.startswith(made_by_users) or any((place / name).exists() for place in places), name


def wings():
    """The wings of the package and those of its core: folders, and modules that stand by themselves."""
    for folder in (ROOT / "linbench", ROOT / "linbench" / "core"):
        for entry in sorted(folder.iterdir()):
            if entry.name.startswith(("__", ".")) or entry.name == "py.typed":
                continue
            if entry.is_dir() or entry.suffix == ".py":
                yield entry


def names_in_architecture():
    """Everything in code spans of the page that looks like a file or folder of the package."""
    for span in CODE.findall(ARCHITECTURE.read_text(encoding="utf-8")):
        if re.fullmatch(r"[\w./]+(\.py|/)", span):
            yield span


def test_the_architecture_page_names_only_what_exists():
    roots = [ROOT, ROOT / "linbench", ROOT / "linbench" / "core"]
    missing = [name for name in names_in_architecture() if not any((root / name).exists() for root in roots)]
    assert missing == []


def test_the_architecture_page_names_every_wing():
    named = {name.rstrip("/").removeprefix("linbench/").removeprefix("core/") for name in names_in_architecture()}
    lacking = [wing.name for wing in wings() if wing.name not in named]
    assert lacking == []


def test_the_architecture_page_stays_short():
    assert len(ARCHITECTURE.read_text(encoding="utf-8").splitlines()) <= 130
