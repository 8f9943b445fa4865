"""What docs/plugins shows is run, page by page, each in a folder of its own."""

import contextlib
import os
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner

from linbench.cli.main import main
from linbench.core.outcome.record import StepTime

PAGES = sorted((Path(__file__).parent.parent / "docs" / "plugins").glob("*.md"))
KINDS = ["optimizers", "models", "devices", "problems", "reporters"]

without_times = runpy.run_path(str(Path(__file__).with_name("test_readme.py")))["without_times"]

installed_entry_points = metadata.entry_points
FILE = re.compile(r"# ([\w./-]+\.\w+)\n")
PIP = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-build-isolation"]


def blocks(text):
    """(language, content) of every fenced block of a page."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def commands(content):
    """(command, what is shown below it) of a block; a command may go on after a backslash."""
    for piece in re.split(r"^\$ ", content.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
        command, _, output = piece.partition("\n")
        yield command, output


def is_shown(output, real):
    """Whether the lines are those that were printed; a line with only an ellipsis stands for any number of them."""
    pattern = "".join(r"(?:.*\n)*" if line == "…" else f"{re.escape(line)}\n" for line in without_times(output))
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in without_times(real))) is not None


class Folder:
    """A folder in which one page comes true."""

    def __init__(self, path, monkeypatch):
        self.path, self.site = path, path / "site-packages"
        self.monkeypatch = monkeypatch

    def run(self, command):
        """(exit code, all that it printed) of one command."""
        words = shlex.split(command)
        with self.monkeypatch.context() as patch, self.forgetting():
            patch.syspath_prepend(self.site)
            while "=" in words[0]:
                name, _, value = words.pop(0).partition("=")
                patch.setenv(name, value)
                if name == "PYTHONPATH":
                    patch.syspath_prepend((self.path / value).resolve())
            if words[0] == "linbench":
                result = CliRunner().invoke(main, words[1:])
                assert result.exception is None or isinstance(result.exception, SystemExit)
                return result.exit_code, result.output
            if words[:2] == ["pip", "install"]:
                return self.process([sys.executable, *PIP, "--target", str(self.site), *words[2:]])
            return self.process(words)

    def process(self, words):
        """The same, of something that is not linbench."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.run(
            words, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=120, check=False
        )
        return process.returncode, process.stdout + process.stderr

    @contextlib.contextmanager
    def forgetting(self):
        """Modules of this folder are imported anew by the next command, as by a new process."""
        yield
        for name, module in list(sys.modules.items()):
            if Path(getattr(module, "__file__", None) or "/").is_relative_to(self.path):
                del sys.modules[name]

    def entry_points(self, *, group):
        """Those of packages installed here, whatever else this machine has."""
        found = installed_entry_points(group=group)
        return [entry for entry in found if Path(entry.dist.locate_file("")).is_relative_to(self.path)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    made = Folder(tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINBENCH_PLUGINS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(metadata, "entry_points", made.entry_points)
    # On a busy machine a wide time can push another column out of the table.
    monkeypatch.setattr(
        "linbench.core.running.runner.step_times", lambda cases, *_: dict.fromkeys(cases, StepTime(100.0, 2.0))
    )
    return made


def come_true(language, content, folder):
    """Write the file, run the commands, or execute the code of one block."""
    named = FILE.match(content)
    if named:
        path = folder.path / named[1]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        sys.modules.pop(path.stem, None)  # of another test, which had a file of that name too
    elif content.startswith("$ "):
        for command, output in commands(content):
            code, real = folder.run(command)
            mistake_is_shown = any(line.startswith("linbench: ") for line in output.splitlines())
            assert code == 0 or mistake_is_shown, f"{command}\nexits with {code}:\n{real}"
            assert not output or is_shown(output, real), f"{command}\nprints\n{real}"
    elif language == "toml":
        tomllib.loads(content)
    else:
        assert language == "python", f"neither a file, nor commands, nor Python:\n{content}"
        with folder.forgetting():
            exec(compile(content, "a block of the page", "exec"), {"__name__": "page"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_a_page_works_and_prints_what_is_shown(page, folder):
    for language, content in blocks(page.read_text(encoding="utf-8")):
        come_true(language, content, folder)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_with_a_plugin_and_a_command(kind):
    contents = [content for _, content in blocks((PAGES[0].parent / f"{kind}.md").read_text(encoding="utf-8"))]
    assert any(FILE.match(content) and "linbench_" + kind in content for content in contents)
    assert any(content.startswith("$ ") for content in contents)


def test_the_index_links_to_every_page_and_all_links_lead_somewhere():
    linked = {page.name: set(re.findall(r"\]\(([^)#:]+)", page.read_text(encoding="utf-8"))) for page in PAGES}
    assert {page.name for page in PAGES} - {"README.md"} <= linked["README.md"]
    assert [
        (name, link) for name, links in linked.items() for link in links if not (PAGES[0].parent / link).exists()
    ] == []


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ("$ linbench compare -o adm\n", "exits with 2"),
        ("$ linbench list models\nmodels\n", "prints"),
        ("$ linbench list models\nmodels\n…\nno such line\n", "prints"),
        ("$ no-such-command\n", "no-such-command"),
        ("raise ValueError('as in the page')\n", "as in the page"),
    ],
)
def test_a_page_that_is_wrong_fails(folder, block, why):
    with pytest.raises((AssertionError, OSError, ValueError), match=why):
        come_true("python", block, folder)
