"""`linbench tune` as a user calls it."""

import json


def test_the_table_shows_default_and_tuned_and_how_much_of_it_is_tuning(linbench):
    result = linbench("tune -o sgd,adam --budget 8 --seeds 2 --epochs 500 -m manual --no-store")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].split() == "best of the trials default tuned range as good".split()
    assert {line.partition(":")[0] for line in lines[2:4]} == {"sgd", "adam"}
    assert "median best of trials:  1  2  4  8".split() == next(line for line in lines if "median best" in line).split()
    assert "8 trials for every optimizer on seeds 0–1" in result.stdout.replace("\n  ", " ")


def test_json_holds_every_trial_and_the_records_of_the_fresh_seeds(linbench):
    result = linbench("tune -o sgd --budget 5 --seeds 2 --epochs 50 --format json --no-store")
    document = json.loads(result.stdout)
    (entry,) = document["tuning"]["results"]
    assert len(entry["trials"]) == document["tuning"]["budget"] == 5
    assert {record["seed"] for record in document["records"]} == {2, 3} == set(document["tuning"]["fresh_seeds"])
    assert set(entry["curve"]) == {"1", "2", "4", "5"}


def test_json_holds_what_lies_outside_of_what_was_searched_and_who_gains_by_it(linbench):
    command = (
        "tune -o sgd:lr=0.01..0.1,adam:lr=0.01..1 -m manual --budget 20 --seeds 1 --epochs 700 --format json --no-store"
    )
    document = json.loads(linbench(f"{command} --no-store").stdout)
    assert document == json.loads(linbench(f"{command} --no-store").stdout), "everything is drawn from --search-seed"
    tuning = document["tuning"]
    assert tuning["wider"] == {"factor": 10.0, "budget": 10}
    assert tuning["flips"] == [{"problem": "study-hours", "model": "manual", "rising": "adam", "falling": "sgd"}]
    sgd, adam = tuning["results"]
    for entry in (sgd, adam):
        wider = entry["wider"]
        assert wider.keys() == {"trials", "best", "label", "score", "edges"}
        assert len(wider["trials"]) == 10
        assert wider["best"] in [*entry["trials"], *wider["trials"]]
    assert adam["wider"]["score"]["epochs"] < sgd["wider"]["score"]["epochs"]
    assert sgd["tuned"]["epochs"] < adam["tuned"]["epochs"]
    shown = {record["params"]["lr"] for record in document["records"] if record["optimizer"] == "adam"}
    assert shown == {0.01, adam["best"]["params"]["lr"]}, "the comparison is that of what was searched"


def test_the_best_at_the_end_of_its_range_is_warned_of_with_what_lies_outside(linbench):
    result = linbench("tune -o adam:lr=1e-4..0.01 --budget 12 --seeds 1 -m manual --epochs 200 --no-store")
    text = result.stdout.replace("\n  ", " ")
    assert "the best lr of adam lies at the high end of what was searched; outside of it, adam:lr=0.0" in text


def test_values_that_an_optimizer_refuses_outside_of_the_range_are_nobodys_error(linbench):
    result = linbench("tune -o adadelta:rho=0.5..0.99 --budget 20 --seeds 2 --epochs 30 --format json --no-store")
    assert (result.exit_code, result.stderr) == (0, "")
    document = json.loads(result.stdout)
    (entry,) = document["tuning"]["results"]
    refused = [trial["score"] for trial in entry["wider"]["trials"] if trial["params"]["rho"] > 1]
    assert refused
    assert all(score == {"epochs": None, "gap": None} for score in refused)
    assert entry["wider"]["best"]["params"]["rho"] <= 1
    assert {record["status"] for record in document["records"]} == {"budget"}


def test_trials_are_stored_and_taken_from_the_store(linbench, tmp_path):
    command = f"tune -o sgd --budget 4 --seeds 2 --epochs 60 --format json --store {tmp_path / 'runs.sqlite'}"
    first, again = linbench(command), linbench(f"{command} --resume")
    assert first.exit_code == again.exit_code == 0
    assert json.loads(first.stdout)["tuning"] == json.loads(again.stdout)["tuning"]


def test_mistakes_are_one_line(linbench):
    for request, words in [
        ("--budget 0", "at least 1 trial"),
        ("-o sgdd", "did you mean 'sgd'"),
        ("-o sgd:lr=[1,2]", "ranges"),
    ]:
        result = linbench(f"tune --no-store {request}")
        assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
        assert words in result.stderr
