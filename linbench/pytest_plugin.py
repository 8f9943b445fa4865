"""The plugin for pytest: the fixture `linbench_gate` fails a test where an optimizer is not as it was committed.

    def test_mine(linbench_gate):
        linbench_gate("mine:lr=0.1")

Importing this module imports neither torch nor anything else of linbench.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from linbench.gate.benchmark_row import BenchmarkAccess
    from linbench.gate.pytest_gate import PytestOptions

NOTE = "linbench"
"""The name under which reports carry their notes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--linbench-update`, `--linbench-reason`, `--linbench-timing`, and the setting `linbench_baseline`."""
    group = parser.getgroup("linbench", "optimizers as they were committed (linbench)")
    group.addoption("--linbench-update", action="store_true", help="Make what comes out of linbench_gate the baseline.")
    group.addoption(
        "--linbench-reason",
        metavar="TEXT",
        help="With --linbench-update: why; it is kept with the cases that change (default: updated by pytest).",
    )
    group.addoption(
        "--linbench-timing",
        choices=("off", "advisory", "gate"),
        default="off",
        help="Whether a slower step is not looked at (the default), told, or fails.",
    )
    parser.addini("linbench_baseline", "The baseline of linbench_gate.", default="baseline/convergence.json")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse an update where it would be lost or not be seen."""
    reason = config.getoption("linbench_reason")
    if not config.getoption("linbench_update"):
        if reason is not None:
            raise pytest.UsageError("--linbench-reason is for --linbench-update")
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("--linbench-update: a baseline is not updated in CI, where nobody would see it")
    if config.getoption("dist", "no") != "no":
        raise pytest.UsageError("--linbench-update writes one file: run it without xdist, -n 0")
    if reason is not None and not (reason.strip() and reason.isprintable()):
        raise pytest.UsageError("--linbench-reason must be one line of text")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Write the notes of tests that did not fail: what was updated, step times and why there are none."""
    tests: dict[str, set[str]] = {}
    for test, note in _notes(terminalreporter.stats):
        tests.setdefault(note, set()).add(test)
    if tests:
        terminalreporter.write_sep("=", "linbench")
    for note, names in tests.items():
        who = f"{len(names)} tests" if len(names) > 1 else next(iter(names))
        terminalreporter.write_line(f"{who}: {note}")


@pytest.fixture
def linbench_gate(request: pytest.FixtureRequest) -> Callable[..., None]:
    """`linbench_gate("mine:lr=0.1", epochs=100)`: fail unless it trains as the committed baseline says.

    Arguments are specs of optimizers; without any, it is the whole suite of linbench.toml, or [tool.linbench.gate] of
    pyproject.toml. Keywords stand for its other keys: models, problems, seeds, epochs, lr, batch_size, target, dtype.
    plugins: files or modules to load besides the installed ones. With --linbench-timing the time of a step is compared
    with what was stored for this machine; pytest-benchmark measures and keeps it as well.
    """

    def gate(*optimizers: str, plugins: str | Sequence[str] = (), **suite: Any) -> None:
        from linbench.gate.pytest_gate import GateCall, check

        __tracebackhide__ = True
        call = GateCall(optimizers=optimizers, plugins=[plugins] if isinstance(plugins, str) else plugins, suite=suite)
        result = check(_options(request.config), call, _benchmark_access(request))
        request.node.user_properties += [(NOTE, note) for note in result.notes]
        if result.failure is not None:
            pytest.fail(result.failure, pytrace=False)

    return gate


def _options(config: pytest.Config) -> PytestOptions:
    from linbench.gate.pytest_gate import PytestOptions

    reason = (config.getoption("linbench_reason") or "updated by pytest").strip()
    return PytestOptions(
        folder=config.rootpath,
        baseline=config.rootpath / config.getini("linbench_baseline"),
        update=reason if config.getoption("linbench_update") else None,
        timing=config.getoption("linbench_timing"),
    )


def _benchmark_access(request: pytest.FixtureRequest) -> BenchmarkAccess:
    from linbench.gate.benchmark_row import BenchmarkAccess

    return BenchmarkAccess(lambda: request.getfixturevalue("benchmark"), _reason_not_to_measure(request.config))


def _reason_not_to_measure(config: pytest.Config) -> str | None:
    if hasattr(config, "workerinput"):
        return "tests that run side by side under xdist share the processors"
    if not config.pluginmanager.hasplugin("benchmark"):
        return "pytest-benchmark is not installed, or switched off"
    if config.getoption("benchmark_skip") or (
        config.getoption("benchmark_disable") and not config.getoption("benchmark_enable")
    ):
        return "pytest-benchmark is disabled"
    return None


def _notes(stats: dict[str, list[Any]]) -> Iterator[tuple[str, str]]:
    """Yield (test, note) for each note of every test that was run."""
    for reports in stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                yield from ((report.nodeid, note) for name, note in report.user_properties if name == NOTE)
