"""`--against REF`: the working tree and another revision of it, each ready to be run."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from linbench.core.errors import UsageError
from linbench.gate.files import BaselineError
from linbench.gate.timing.fresh_processes import Side, this_side

PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a comparison. now: the working tree. base: the other one. name: that of base, in words.

    tree: the working tree itself, from which neither may come; None where base is an environment of its own.
    """

    now: Side
    base: Side
    name: str
    tree: Path | None = None


@contextlib.contextmanager
def open_sides(reference: str, plugins: Sequence[str]) -> Iterator[Sides]:
    """Yield both sides; they last as long as the context.

    reference: a revision of the repository that the current directory lies in, or the path of a Python whose
    environment has the other side installed. Of a revision a tree is checked out beside the repository, and the working
    tree is copied beside it, so that both are built alike, from what git would commit and nothing else; where there is
    a project, both are installed without their dependencies, each into a folder of its own that is first on PYTHONPATH.
    plugins: as `--plugin`; files are taken from each tree.
    Raises UsageError for a reference that is neither, and BaselineError where a tree cannot be made or installed.
    """
    if _is_python(reference):
        here = this_side(plugins)
        python = str(Path(reference).absolute())
        yield Sides(here, Side(python, here.folder, (), here.plugins), reference)
        return
    root = _repository()
    commit = _commit(root, reference)
    with tempfile.TemporaryDirectory(prefix="linbench-") as folder:
        place = Path(folder).resolve()
        now_tree, base_tree = place / "now-tree", place / "base-tree"
        with _check_out(root, _commit(root, "HEAD"), now_tree), _check_out(root, commit, base_tree):
            _copy_changes(root, now_tree)
            now = _side(now_tree, root, place / "now", plugins)
            base = _side(base_tree, root, place / "base", plugins)
            yield Sides(now, base, f"{reference} ({commit[:12]})", root)


def _is_python(reference: str) -> bool:
    return os.sep in reference and Path(reference).is_file() and os.access(reference, os.X_OK)


def _repository() -> Path:
    process = _git(Path.cwd(), "rev-parse", "--show-toplevel")
    if process.returncode:
        raise UsageError("--against needs a git repository, or the path of a Python to compare with")
    return Path(process.stdout.rstrip("\n")).resolve()


def _commit(root: Path, reference: str) -> str:
    process = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if process.returncode:
        raise UsageError(f"unknown revision {reference!r}: fetch it first (in CI: fetch-depth: 0)")
    return process.stdout.strip()


@contextlib.contextmanager
def _check_out(root: Path, commit: str, tree: Path) -> Iterator[None]:
    """Check a commit out as a tree; the repository forgets it afterwards."""
    process = _git(root, "-c", "core.hooksPath=/dev/null", "worktree", "add", "--quiet", "--detach", str(tree), commit)
    if process.returncode:
        raise BaselineError(f"cannot check out {commit}: {_last_line(process.stderr)}")
    try:
        yield
    finally:
        _git(root, "worktree", "remove", "--force", str(tree))


def _copy_changes(root: Path, tree: Path) -> None:
    """Make a tree that was checked out like the working tree, but for files that git ignores."""
    process = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if process.returncode:
        raise BaselineError(f"cannot list the files of {root}: {_last_line(process.stderr)}")
    for name in filter(None, process.stdout.split("\0")):
        source, copy = root / name, tree / name
        if source.is_symlink() or source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.unlink(missing_ok=True)
            shutil.copy2(source, copy, follow_symlinks=False)
        elif not source.exists():
            copy.unlink(missing_ok=True)


def _side(tree: Path, root: Path, site: Path, plugins: Sequence[str]) -> Side:
    """Return a tree as it would be run from the current directory, with what it installs first on the path."""
    inside = Path.cwd().resolve().relative_to(root)
    project = _project(root, inside)
    if project is not None:
        _install(tree / project, site)
    inherited = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    path = [str(site), *(_path_in(tree, entry, root) for entry in inherited)]
    return Side(sys.executable, tree / inside, path, [_path_in(tree, plugin, root) for plugin in plugins])


def _project(root: Path, inside: Path) -> Path | None:
    """Return the folder of the nearest project that can be installed, at or above the current directory, or None."""
    folders = [inside, *inside.parents]
    return next((one for one in folders if any((root / one / name).is_file() for name in PROJECT_FILES)), None)


def _path_in(tree: Path, text: str, root: Path) -> str:
    """Return the file or folder of the repository in this tree; anything else as it is."""
    path = Path(text)
    if not path.exists() or not path.resolve().is_relative_to(root):
        return text
    return str(tree / path.resolve().relative_to(root))


def _install(project: Path, site: Path) -> None:
    if not project.is_dir():
        raise BaselineError(f"there is no project {project.name} in the revision to compare with")
    words = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--ignore-installed"]
    process = _run([sys.executable, *words, "--target", str(site), str(project)])
    if process.returncode:
        raise BaselineError(f"cannot install {project} to compare with it: {_last_line(process.stderr)}")
    if (site / "linbench").exists():
        raise UsageError("--against compares revisions of a plugin; linbench itself is what measures them")


def _git(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return _run(["git", "-C", str(folder), *words])


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
        )
    except OSError as error:
        raise BaselineError(f"cannot run {words[0]}: {error.strerror}") from None


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it says nothing"
