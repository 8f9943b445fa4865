"""The plugin in processes: it does nothing where it is not used, and works side by side with others."""

import pytest

UNUSED = """
import sys

def test_what_is_imported():
    found = [name for name in sys.modules if name.partition(".")[0] in ("linbench", "torch")]
    assert found == ["linbench", "linbench.pytest_plugin"]
"""


def test_unused_it_imports_neither_torch_nor_anything_else_of_linbench(pytester):
    pytester.makepyfile(UNUSED)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_under_xdist_convergence_gates_and_step_times_are_skipped_with_the_reason(project, workers):
    project.plugin()
    project.tests(sgd='linbench_gate("sgd")', mine='linbench_gate("mine", plugins="mine.py")')
    project.update()
    project.plugin(factor=1.01)
    result = project.pytester.runpytest_subprocess(f"-n{workers}", "--linbench-timing=gate")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "linbench gate: 1 case: 0 as committed, 1 drifted",
            "*mine:lr=0.01*: final cost was *, is *",
            "*= linbench =*",
            "2 tests: step times are not measured: tests that run side by side under xdist share the processors",
        ]
    )
