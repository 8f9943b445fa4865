"""The progress bar: on a terminal only, and never in the way of the result."""

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from linbench.cli.progress import ProgressBar, TrainingLog, show_progress
from linbench.core.request.plan import Plan

pty = pytest.importorskip("pty", reason="needs a pseudo-terminal")

HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


@pytest.fixture
def on_a_terminal(as_command):
    """Run a command with its stderr on a terminal and its stdout in a pipe; returns (exit code, stdout, stderr).

    interrupt_at: press Ctrl-C once stderr shows this text.
    """

    def run(arguments, interrupt_at=None):
        controller, terminal = pty.openpty()
        process = subprocess.Popen(
            as_command(*arguments.split()),
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        )
        os.close(terminal)
        result = []
        reader = threading.Thread(target=lambda: result.append(process.stdout.read()))
        reader.start()
        shown = ""
        while piece := _read(controller):
            shown += piece
            if interrupt_at is not None and interrupt_at in shown:
                process.send_signal(signal.SIGINT)
                interrupt_at = None
        reader.join()
        process.stdout.close()
        os.close(controller)
        return process.wait(timeout=60), result[0], shown.replace("\r\n", "\n")

    return run


def _read(descriptor):
    try:
        return os.read(descriptor, 65536).decode(errors="replace")
    except OSError:  # Linux says so when the other end is closed
        return ""


def test_a_bar_is_drawn_on_a_terminal_and_the_result_goes_to_stdout(on_a_terminal):
    code, stdout, shown = on_a_terminal("compare --epochs 200 --no-timing --format json")
    assert code == 0
    assert len(json.loads(stdout)["records"]) == 6
    assert "0/6 runs" in shown
    assert "━" in shown
    assert "optimizer" not in shown


def test_the_terminal_is_given_back_after_ctrl_c(on_a_terminal):
    code, stdout, shown = on_a_terminal(
        "compare -o sgd -m linear --seeds 2 --epochs 6000 --no-timing", interrupt_at="1/2 runs"
    )
    assert code == 130
    assert stdout.startswith("optimizer")
    assert shown.count(HIDE_CURSOR) == 1
    assert SHOW_CURSOR in shown.partition(HIDE_CURSOR)[2]
    assert shown.endswith("linbench: interrupted after 1 of 2 runs\n")
    assert "\nlinbench" in shown or "\x1b[2Klinbench" in shown, "the notice has a line of its own"


def test_stdout_is_as_it_was_whenever_the_bar_begins_and_ends(monkeypatch):
    stdout = sys.stdout
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    bar = ProgressBar(runs=1, epochs=2)
    with contextlib.redirect_stdout(sys.stderr):  # as training does, for what an optimizer prints
        bar.advanced(1)
    assert sys.stdout is stdout
    bar.close()
    assert sys.stdout is stdout
    assert SHOW_CURSOR in sys.stderr.getvalue()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_quiet_draws_nothing_on_a_terminal(on_a_terminal):
    code, stdout, shown = on_a_terminal("compare -o sgd -m manual --epochs 20 --no-timing --format csv --quiet")
    assert (code, shown) == (0, "")
    assert stdout.startswith("key,")


@pytest.fixture
def plan():
    return Plan(problems=[None], devices=[None], models=[None], optimizers=[None], seeds=[0])


@pytest.mark.parametrize(
    ("terminal", "log_every", "quiet", "expected"),
    [
        (True, 0, False, {ProgressBar}),
        (True, 0, True, set()),
        (True, 5, False, {TrainingLog}),
        (True, 5, True, {TrainingLog}),
        (False, 0, False, set()),
        (False, 0, True, set()),
        (False, 5, False, {TrainingLog}),
    ],
)
def test_who_watches_follows_from_the_terminal_and_the_options(monkeypatch, plan, terminal, log_every, quiet, expected):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    with show_progress(plan, log_every=log_every, quiet=quiet) as observer:
        assert {kind for kind in (ProgressBar, TrainingLog) if isinstance(observer, kind)} == expected


def test_nothing_is_drawn_into_a_pipe(linbench):
    assert linbench("compare --epochs 20 --no-timing").stderr == ""
