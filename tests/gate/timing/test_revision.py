"""`--against`: both sides are what they are called, and nothing is left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from linbench.core.errors import UsageError
from linbench.gate.files import BaselineError
from linbench.gate.timing.revision import open_sides

BACKEND = '''
"""A build backend that needs nothing: it puts one module into a wheel."""

import zipfile
from pathlib import Path

FILES = {
    "METADATA": ["Metadata-Version: 2.1", "Name: mine", "Version: 1.0", "Requires-Dist: nowhere"],
    "WHEEL": ["Wheel-Version: 1.0", "Generator: t", "Root-Is-Purelib: true", "Tag: py3-none-any"],
}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    info = "mine-1.0.dist-info"
    with zipfile.ZipFile(Path(wheel_directory) / "mine-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("mine_installed.py", Path("src.py").read_text())
        for name, lines in FILES.items():
            wheel.writestr(f"{info}/{name}", "".join(f"{line}\\n" for line in lines))
        wheel.writestr(f"{info}/RECORD", "")
    return "mine-1.0-py3-none-any.whl"
'''
PROJECT = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'


def read(side, code):
    """Run this code on that side and return the text that it prints."""
    words = [side.python, "-P", "-c", code]
    return subprocess.run(words, cwd=side.folder, env=side.environ(), capture_output=True, text=True, check=True).stdout


def test_a_plugin_file_is_taken_from_each_tree(repository):
    repository.plugin(3)
    with open_sides("HEAD", ["./mine.py"]) as sides:
        texts = [Path(side.plugins[0]).read_text() for side in (sides.now, sides.base)]
    assert ["EXTRA = 3" in text for text in texts] == [True, False]


def test_the_working_tree_is_taken_as_git_would_commit_it(repository):
    """Changed, new and removed files, but none that are ignored: a stale build is no part of what is measured."""
    repository.write(removed="", changed="VALUE = 1")
    repository.commit()
    Path("removed.py").unlink()
    repository.write(changed="VALUE = 2", added="")
    Path(".gitignore").write_text("build/\n")
    Path("build").mkdir()
    Path("build/stale.py").write_text("")
    Path("link.py").symlink_to("changed.py")
    with open_sides("HEAD", []) as sides:
        now = {path.name for path in sides.now.folder.rglob("*") if path.name != ".git"}
        base = {path.name for path in sides.base.folder.rglob("*") if path.name != ".git"}
        assert (sides.now.folder / "link.py").read_text() == "VALUE = 2"
    assert now == {"mine.py", "changed.py", "added.py", ".gitignore", "link.py"}
    assert base == {"mine.py", "changed.py", "removed.py"}


def test_the_folder_and_what_is_on_the_path_are_those_of_each_tree(repository, monkeypatch):
    Path("inner").mkdir()
    Path("inner/helper.py").write_text("VALUE = 1")
    repository.commit()
    Path("inner/helper.py").write_text("VALUE = 2")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["inner", "/nowhere"]))
    with open_sides("HEAD", []) as sides:
        assert [read(side, "import helper; print(helper.VALUE)") for side in (sides.now, sides.base)] == ["2\n", "1\n"]
        assert all("/nowhere" in side.path for side in (sides.now, sides.base))
    Path("inner/added.py").write_text("")
    with open_sides("HEAD", []) as sides:  # what base lacks is not taken from the working tree
        found = [
            read(side, "import importlib.util as u; print(bool(u.find_spec('added')))")
            for side in (sides.now, sides.base)
        ]
    assert found == ["True\n", "False\n"]
    monkeypatch.chdir("inner")
    with open_sides("HEAD", []) as sides:
        assert [side.folder.name for side in (sides.now, sides.base)] == ["inner", "inner"]
        assert sides.now.folder != sides.base.folder


def test_a_project_is_installed_from_each_tree_without_its_dependencies(repository):
    Path("backend.py").write_text(BACKEND)
    Path("pyproject.toml").write_text(PROJECT)
    Path("src.py").write_text("VALUE = 1")
    repository.commit()
    Path("src.py").write_text("VALUE = 2")
    code = "import mine_installed as m; print(m.VALUE, m.__file__)"
    with open_sides("HEAD", []) as sides:
        found = [read(side, code).split() for side in (sides.now, sides.base)]
    assert [value for value, _ in found] == ["2", "1"]
    assert not any(Path(file).is_relative_to(repository.folder) for _, file in found)


def test_a_project_that_cannot_be_installed_is_one_line(repository):
    Path("pyproject.toml").write_text(PROJECT)
    repository.commit()
    with (
        pytest.raises(BaselineError, match=r"cannot install .* to compare with it: ") as refused,
        open_sides("HEAD", []),
    ):
        pass
    assert "\n" not in str(refused.value)


def test_the_repository_is_as_before(repository):
    def seen():
        return [
            repository.git(*words) for words in (("status", "--porcelain"), ("worktree", "list"), ("branch", "--all"))
        ]

    def fail():
        with open_sides("HEAD", []) as sides:
            trees.append(sides.base.folder)
            raise RuntimeError

    repository.plugin(1)
    trees, before = [], seen()
    with pytest.raises(RuntimeError):
        fail()
    assert not trees[0].exists()
    assert seen() == before


def test_a_hook_of_the_repository_is_not_run(repository):
    hook = repository.folder / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repository.folder}/ran\n")
    hook.chmod(0o755)
    with open_sides("HEAD", []):
        pass
    assert not Path("ran").exists()


@pytest.mark.parametrize("reference", ["nosuch", "HEAD~9", "--all", "HEAD:mine.py"])
def test_what_is_no_revision_is_a_mistake(repository, reference):
    with pytest.raises(UsageError, match="unknown revision"), open_sides(reference, []):
        pass


def test_without_a_repository_it_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(UsageError, match="needs a git repository, or the path of a Python"), open_sides("HEAD", []):
        pass


def test_a_python_is_a_side_by_itself(repository):
    with open_sides(sys.executable, ["mine.py"]) as sides:
        assert (sides.base.python, sides.tree) == (sys.executable, None)
        assert json.loads(read(sides.base, "print(1)")) == 1


def test_linbench_itself_is_refused(repository):
    """The code that measures must be the same on both sides."""
    Path("backend.py").write_text(BACKEND.replace("mine_installed.py", "linbench/__init__.py"))
    Path("pyproject.toml").write_text(PROJECT)
    Path("src.py").write_text("")
    repository.commit()
    with pytest.raises(UsageError, match="linbench itself is what measures"), open_sides("HEAD", []):
        pass
