"""The project of somebody who writes an optimizer, and pytest as that person calls it."""

import pytest

import linbench
import linbench.gate.pytest_gate


class Project:
    """A folder with a small suite, a plugin in one file, and tests."""

    def __init__(self, pytester, mine):
        self.pytester, self.path, self.mine = pytester, pytester.path, mine
        self.baseline = self.path / "baseline" / "convergence.json"
        self.pytester.makeini("[pytest]\n")
        self.suite("sgd", "adam")

    def suite(self, *optimizers):
        """The suite of linbench.toml."""
        lines = ["[gate]", f"optimizers = {list(optimizers)}", 'models = "manual"', 'problems = "study-hours"']
        (self.path / "linbench.toml").write_text("\n".join([*lines, "epochs = 40", ""]))

    def plugin(self, factor=1.0, before="pass"):
        """`mine.py`, whose optimizer `mine` is gradient descent at so many times its lr."""
        (self.path / "mine.py").write_text(self.mine(factor, before))

    def tests(self, **calls):
        """`test_x.py` for each x, with one test that calls the gate so."""
        for name, call in calls.items():
            (self.path / f"test_{name}.py").write_text(f"def test_{name}(linbench_gate):\n    {call}\n")

    def run(self, *arguments):
        """Run pytest in this process; a warning is an error."""
        return self.pytester.runpytest_inprocess("-p", "no:cacheprovider", "-W", "error", *arguments)

    def update(self, *arguments):
        """Make what comes out the baseline; it must succeed."""
        result = self.run("--linbench-update", *arguments)
        assert result.ret == 0, result.stdout.str()
        return result


@pytest.fixture(scope="session", autouse=True)
def _torch_is_ready():
    """Import now what the first step imports: a run of pytest in this process would forget that it is there."""
    linbench.compare("adam,sgd", "manual", epochs=1, engine="serial")


@pytest.fixture
def project(pytester, monkeypatch, mine):
    """A project without tests, as the current directory, without traces of CI and of what runs these tests."""
    monkeypatch.setenv("LINBENCH_PLUGINS", "")
    for name in ("CI", "GITHUB_ACTIONS", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)
    return Project(pytester, mine)


@pytest.fixture
def failure():
    """The text of the one failure of a run, as the author reads it."""

    def text(result):
        result.assert_outcomes(failed=1)
        (report,) = (one for one in result.reprec.getreports("pytest_runtest_logreport") if one.failed)
        return report.longreprtext

    return text
