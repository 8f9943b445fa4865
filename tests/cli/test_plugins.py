"""`linbench plugins`: which plugins there are, and what became of each."""

import pytest

BUILT_IN = ["linbench.optimizers", "linbench.models", "linbench.devices", "linbench.problems", "linbench.reporters"]

GOOD = """
@hookimpl
def linbench_models():
    return [Component("model", "tiny", "nowhere:tiny")]
"""


@pytest.fixture
def installed(install, monkeypatch):
    """Install plugins by name and source, and let all of them be loaded."""

    def run(**sources):
        install(sources)
        monkeypatch.setenv("LINBENCH_PLUGINS", ",".join(sources))

    return run


def rows(text):
    """The table's rows as lists of cells, without the header."""
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()[2:]]


def test_the_built_in_plugins_come_first_and_are_called_so(linbench):
    result = linbench("plugins")
    assert result.stdout.splitlines()[0].split() == ["plugin", "state", "version", "components", "reason"]
    assert [row[:3] for row in rows(result.stdout)][:5] == [[name, "loaded", "built in"] for name in BUILT_IN]


def test_what_loaded_failed_and_was_blocked_is_a_row_each(linbench, installed, monkeypatch):
    installed(good=GOOD, broken="raise RuntimeError('no luck')", shy="")
    monkeypatch.setenv("LINBENCH_PLUGINS", "good,broken")
    result = linbench("plugins")
    assert (result.exit_code, result.stderr) == (0, "")
    assert [row for row in rows(result.stdout) if row[0] in ("good", "broken", "shy")] == [
        ["broken", "failed", "1.0", "0", "RuntimeError: no luck"],
        ["good", "loaded", "1.0", "1"],
        ["shy", "blocked", "1.0", "0", "not in LINBENCH_PLUGINS"],
    ]


def test_verbose_shows_the_traceback_of_what_failed(linbench, installed):
    installed(broken="raise RuntimeError('no luck')")
    plain, verbose = linbench("plugins").stdout, linbench("plugins -v").stdout
    assert verbose.startswith(plain)
    heading, first, *_, last = verbose.removeprefix(plain).strip().splitlines()
    assert (heading, first, last) == ("broken", "Traceback (most recent call last):", "RuntimeError: no luck")


def test_a_plugin_given_as_a_file_is_not_called_built_in(linbench, plugin):
    path = plugin(GOOD)
    assert rows(linbench(f"plugins --plugin {path}").stdout)[-1] == [str(path), "loaded", "–", "1"]


@pytest.mark.parametrize("command", ["list models", "plugins", "explain study-hours", "compare --epochs 1 --no-timing"])
def test_a_plugin_that_prints_leaves_stdout_alone(linbench, installed, command):
    without = linbench(f"{command}").stdout
    installed(loud="print('PRINTED')")
    result = linbench(command)
    assert "PRINTED" not in result.stdout
    assert result.stderr == "PRINTED\n"
    assert result.exit_code == 0
    assert without.splitlines()[0].split() == result.stdout.splitlines()[0].split()


@pytest.mark.parametrize(
    "command",
    ["list", "list models", "explain study-hours", "compare -o sgd,adam -m manual --epochs 3 --no-timing --format csv"],
)
def test_a_broken_plugin_is_one_line_on_stderr_and_changes_nothing_else(linbench, installed, command):
    without = linbench(command)
    installed(broken="raise RuntimeError('no\\nluck')")
    result = linbench(command)
    assert (result.exit_code, result.stdout) == (without.exit_code, without.stdout)
    assert without.stderr == ""
    assert result.stderr == "linbench: plugin 'broken' failed and is left out: RuntimeError: no\n"


def test_quiet_says_nothing_of_a_broken_plugin(linbench, installed):
    installed(broken="raise RuntimeError('no luck')")
    assert linbench("compare -o sgd -m manual --epochs 1 --no-timing --quiet").stderr == ""


def test_two_plugins_that_claim_one_name_are_both_named(linbench, installed):
    installed(one=GOOD, two=GOOD)
    result = linbench("list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "linbench: model 'tiny' is claimed by two plugins: 'one' and 'two'; leave one out with LINBENCH_PLUGINS\n"
    )
