"""The file: it can be read back and diffed, and nothing that is not a baseline is taken for one."""

import json
import subprocess

import pytest

from linbench.core.criteria import RULES
from linbench.gate.baseline import as_text, read_baseline, write_baseline
from linbench.gate.files import BaselineError, check_place


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "convergence.json"


@pytest.fixture
def document(case, path):
    """A baseline of one case that may be edited."""
    write_baseline(path, {"x": case(label="x")})
    return json.loads(path.read_text())


def test_what_is_written_is_read_back(case, path):
    cases = {label: case(label=label, final_cost=0.1 + 0.2, reason="“why”") for label in ("b · 2", "a · 1")}
    write_baseline(path, cases)
    assert read_baseline(path) == cases
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_case_without_a_bias_is_read_back(case, path):
    cases = {"x": case(label="x", bias=[])}
    write_baseline(path, cases)
    assert read_baseline(path) == cases


def test_a_baseline_is_sorted_with_a_metric_a_line_and_no_more_digits_than_needed(case):
    lines = as_text({label: case(label=label, final_cost=0.1) for label in ("b", "a")}).splitlines()
    assert lines[:6] == [
        "{",
        '  "schema": 1,',
        f'  "rules": {RULES},',
        '  "cases": {',
        '    "a": {',
        '      "status": "converged",',
    ]
    assert '      "final_cost": 0.1,' in lines
    assert lines.index('    "b": {') > lines.index('    "a": {')


def test_a_failed_write_leaves_the_file_as_it_was(case, path, monkeypatch):
    write_baseline(path, {"x": case(label="x")})
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(BaselineError, match=r"cannot write the baseline .*: No space left"):
        write_baseline(path, {})
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_missing_one_says_how_to_make_it(path):
    with pytest.raises(BaselineError, match=r"there is no baseline .*--update"):
        read_baseline(path)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("status", "great", "status must be one of"),
        ("status", "error", "status must be one of"),
        ("status", None, "status must be one of"),
        ("epochs_to_target", -1, "epochs_to_target must be"),
        ("epochs_to_target", 1.5, "epochs_to_target must be"),
        ("epochs_to_target", True, "epochs_to_target must be"),
        ("epochs_to_target", None, "it converged, but has no epochs_to_target"),
        ("final_cost", "46", "final_cost must be"),
        ("final_cost", -1.0, "final_cost must be"),
        ("final_cost", 10**400, "final_cost must be"),
        ("W", [[1.0], [1.0, 2.0]], "W must be"),
        ("W", [1.0], "W must be"),
        ("W", None, "W and b must both"),
        ("b", [None], "b must be"),
        ("dtype", "float8", "dtype must be"),
        ("versions", {"torch": 2}, "versions must be"),
        ("reason", "two\nlines", "reason must be"),
        ("schema", 2, "newer than this linbench"),
        ("schema", "1", "schema must be"),
        ("rules", 0, "x: rules must be a whole number, at least 1"),
        ("rules", None, "x: rules must be a whole number, at least 1"),
        ("speed", 1, "'speed' is no metric"),
    ],
)
def test_a_value_that_no_gate_writes_is_refused(document, path, field, value, said):
    document["cases"]["x"][field] = value
    path.write_text(json.dumps(document))
    with pytest.raises(BaselineError, match=said) as refused:
        read_baseline(path)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("text", "replaced", "said"),
    [
        ("46.875", "1e400", "final_cost must be a finite number"),
        ("46.875", "NaN", "NaN is no number"),
        ("46.875", "-Infinity", "-Infinity is no number"),
        ("46.875", "9" * 5000, "not JSON|must be"),
        ('"b"', '"W"', "'W' is there twice"),
        ('"x"', r'"\u001b[31m"', "a case is called"),
        ('"schema": 1,\n  "rules"', '"schema": 99,\n  "rules"', "newer than this linbench"),
        ('"schema": 1,\n  "rules"', '"schema": true,\n  "rules"', "it must hold schema 1"),
        (f'"rules": {RULES}', '"rules": 0', "rules must be a whole number, at least 1"),
        (f'"rules": {RULES}', '"rules": true', "rules must be a whole number, at least 1"),
        (f'"rules": {RULES}', '"rules": "2"', "rules must be a whole number, at least 1"),
        (f'"rules": {RULES}', f'"rules": {RULES}, "rules": 1', "'rules' is there twice"),
        ('"cases"', '"case"', "it must hold schema 1 and cases"),
        ("{", "[", "not JSON"),
        ("{", "[" * 100_000, "not JSON"),
    ],
)
def test_a_hand_edited_file_is_refused_in_one_line(document, path, text, replaced, said):
    path.write_text(path.read_text().replace(text, replaced, 1))
    with pytest.raises(BaselineError, match=said) as refused:
        read_baseline(path)
    assert str(refused.value).isprintable()


def test_a_file_without_rules_is_of_the_first(document, path):
    del document["rules"]
    path.write_text(json.dumps(document))
    assert [case.rules for case in read_baseline(path).values()] == [1]


@pytest.mark.parametrize("rules", [{"a": 1, "b": RULES}, {"a": 1, "b": 1}, {"a": RULES, "b": RULES}])
def test_each_case_keeps_its_rules(case, path, rules):
    cases = {label: case(label=label, rules=number) for label, number in rules.items()}
    write_baseline(path, cases)
    assert read_baseline(path) == cases
    lines = [line.strip() for line in path.read_text().splitlines() if "rules" in line]
    oldest, newest = min(rules.values()), max(rules.values())
    of_the_file = [f'"rules": {oldest},'] if oldest > 1 else []
    assert lines == [*of_the_file, *([f'"rules": {newest}'] if newest > oldest else [])]


def test_updates_of_different_cases_of_an_older_file_merge(case, tmp_path):
    cases = {label: case(label=label, rules=1, reason="first") for label in "abc"}
    texts = {"base": as_text(cases)}
    for label in "ac":
        texts[label] = as_text({**cases, label: case(label=label, final_cost=40.0, reason=f"update of {label}")})
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    subprocess.run(["git", "merge-file", "a", "base", "c"], cwd=tmp_path, check=True)
    merged = read_baseline(tmp_path / "a")
    assert {label: (one.rules, one.final_cost) for label, one in merged.items()} == {
        "a": (RULES, 40.0),
        "b": (1, 46.875),
        "c": (RULES, 40.0),
    }


@pytest.mark.parametrize("place", ["file", "case"])
def test_newer_rules_are_one_clear_line_whatever_else_there_is(document, path, place):
    (document if place == "file" else document["cases"]["x"]).update(rules=RULES + 1, curvature=[1.0])
    path.write_text(json.dumps(document))
    with pytest.raises(BaselineError) as refused:
        read_baseline(path)
    assert str(refused.value) == (
        f"{path} was written by a newer linbench: it is of rules {RULES + 1}, and this linbench knows rules up to "
        f"{RULES}; upgrade linbench"
    )


def test_a_truncated_file_is_refused_wherever_it_ends(document, path):
    content = path.read_bytes()
    for end in range(len(content.rstrip())):
        path.write_bytes(content[:end])
        with pytest.raises(BaselineError, match="is no baseline"):
            read_baseline(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"null", b"[]", b"\x00"])
def test_what_is_something_else_is_refused(path, content):
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(BaselineError, match="is no baseline"):
        read_baseline(path)
    with pytest.raises(BaselineError, match="cannot read the baseline"):
        read_baseline(path.parent)


def test_a_place_outside_the_repository_is_refused(tmp_path):
    repository = tmp_path / "repository"
    (repository / ".git").mkdir(parents=True)
    (repository / "sub").mkdir()
    (repository / "link").symlink_to(tmp_path)
    check_place(repository / "baseline.json", repository / "sub")
    for outside in (tmp_path / "b.json", repository / ".." / "b.json", repository / "link" / "b.json"):
        with pytest.raises(BaselineError, match=r"inside .* only"):
            check_place(outside, repository / "sub")
    with pytest.raises(BaselineError, match=r"inside .* only"):
        check_place(tmp_path / "b.json", tmp_path / "without-git")
