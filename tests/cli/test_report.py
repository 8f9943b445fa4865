"""`linbench report`: a stored run as one HTML file."""

import pytest

RUN = "compare -o sgd,adam -m manual --epochs 3 --no-timing"


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    path = tmp_path / "runs.sqlite"
    monkeypatch.setenv("LINBENCH_STORE", str(path))
    return path


def test_the_last_run_is_written_to_the_file(linbench, tmp_path):
    assert linbench(f"{RUN} --trajectories").exit_code == 0
    result = linbench(f"report --output {tmp_path / 'report.html'}")
    assert (result.exit_code, result.output) == (0, "")
    document = (tmp_path / "report.html").read_text()
    assert document.startswith("<!DOCTYPE html>")
    assert "<dt>run</dt><dd>1, 20" in document
    assert "<dt>linbench, torch</dt>" in document
    assert 'id="costs-0-title"' in document


def test_without_a_file_it_goes_to_stdout_and_any_run_may_be_named(linbench, store, monkeypatch):
    for command in (RUN, RUN.replace("adam", "rmsprop")):
        assert linbench(command).exit_code == 0
    monkeypatch.setenv("LINBENCH_STORE", "")
    result = linbench(f"report 1 --store {store}")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "adam" in result.stdout
    assert "rmsprop" not in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("report 9", "there is no run 9: the only one is 1"),
        ("report --output nowhere/report.html", "there is no folder 'nowhere'"),
        ("report first", "'first' is no run: give its number, or last, last-1, …"),
    ],
)
def test_what_cannot_be_reported_is_one_line(linbench, arguments, said):
    assert linbench(RUN).exit_code == 0
    result = linbench(arguments)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert said in result.stderr
