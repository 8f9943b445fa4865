"""What a tuning says of the ranges that were searched."""

import math
from dataclasses import dataclass, field, replace

from linbench.tuning.notes import notes
from linbench.tuning.result import TuningResult, WiderSearch
from linbench.tuning.trials import Score, Trial


@dataclass
class Tuning:
    budget: int = 50
    wider_budget: int = 25
    tuning_seeds: list[int] = field(default_factory=lambda: [0, 1])
    fresh_seeds: list[int] = field(default_factory=lambda: [2, 3])


def result(name, searched, wider=None, *, edges=(), wider_edges=(), problem="study-hours", trials=25):
    """An optimizer whose best takes so many epochs; `wider`: those of a better one outside of what was searched."""
    trial, tuned = Trial({"lr": 1.0}, Score(1.0, 0.0)), Score(float(searched), 0.5)
    label = f"{name}:lr=1" if wider is None else f"{name}:lr=9"
    score = tuned if wider is None else Score(float(wider), 0.5)
    return TuningResult(
        problem=problem,
        model="linear",
        optimizer=name,
        default_label=name,
        tuned_label=f"{name}:lr=1",
        trials=[trial] * 50,
        default=Score(0.0, 0.0),
        tuned=tuned,
        best=trial,
        sensitivity={},
        edges=list(edges),
        curve={},
        wider=WiderSearch([trial] * trials, trial, label, score, list(wider_edges)),
    )


def said(*results):
    """The lines below the first, which says what was done."""
    return list(notes(Tuning(), results))[1:]


def test_a_changed_order_is_told_with_the_settings_and_what_they_take():
    assert said(result("sgd", 300), result("adam", 400, 100)) == [
        "outside of what was searched, adam:lr=9 (100 epochs) does better than adam:lr=1 (400 epochs)",
        "ranges that reach 10 times further at both ends, with 25 more trials for each optimizer, change the order: "
        "adam:lr=9 (100 epochs) overtakes sgd:lr=1 (300 epochs), while as searched adam:lr=1 (400 epochs) is behind "
        "sgd:lr=1 (300 epochs)",
    ]
    (level,) = [line for line in said(result("sgd", 300), result("adam", 400, 300)) if "change the order" in line]
    assert "adam:lr=9 (300 epochs) draws level with sgd:lr=1 (300 epochs)" in level
    (ahead,) = [line for line in said(result("sgd", 300), result("adam", 300, 200)) if "change the order" in line]
    assert ahead.endswith("while as searched adam:lr=1 (300 epochs) is level with sgd:lr=1 (300 epochs)")


def test_an_order_that_holds_is_told_too_and_without_two_optimizers_there_is_none():
    tried = "ranges that reach 10 times further at both ends, with 25 more trials for each optimizer,"
    assert said(result("sgd", 300), result("adam", 400)) == [f"{tried} do not change the order"]
    assert said(result("sgd", 300)) == [f"{tried} hold nothing better"]
    assert said(result("sgd", 300, trials=0), result("adam", 400, trials=0)) == [], "nothing is searched"


def test_a_best_at_an_edge_says_what_lies_outside():
    edge = {"edges": [("lr", "high")]}
    begins = "the best lr of sgd lies at the high end of what was searched; "
    lines = {
        "none of 25 trials outside of it is better": result("sgd", 300, **edge),
        "outside of it, sgd:lr=9 (100 epochs) does better than sgd:lr=1 (300 epochs)": result("sgd", 300, 100, **edge),
        "outside of it, sgd:lr=9 (100 epochs), at an end of the wider range, does better than sgd:lr=1 (300 epochs)": (
            result("sgd", 300, 100, wider_edges=[("lr", "high")], **edge)
        ),
        "outside of it, sgd:lr=9 was better on the tuning seeds, but not on fresh ones (310 epochs, not 300 epochs)": (
            result("sgd", 300, 310, **edge)
        ),
    }
    for ends, one in lines.items():
        assert said(one) == [begins + ends]
    both = said(result("sgd", 300, edges=[("lr", "low"), ("momentum", "high")]))
    assert both[0].startswith("the best lr of sgd lies at the low end, its best momentum at the high end of what was")


def test_a_gap_stands_for_epochs_where_the_target_was_missed():
    lines = said(result("sgd", math.inf, 100), result("adam", 400))
    assert "outside of what was searched, sgd:lr=9 (100 epochs) does better than sgd:lr=1 (gap 0.50)" in lines
    assert "none of 50 trials of sgd reached the target in half of its runs" in lines


def test_several_problems_are_told_apart():
    lines = said(result("sgd", 300), result("adam", 400, 100), result("sgd", 300, problem="b", edges=[("lr", "low")]))
    assert len(lines) == 3
    assert [line.partition(": ")[0] for line in lines] == ["study-hours, linear"] * 2 + ["b, linear"]


def test_what_is_level_on_fresh_seeds_is_not_called_better_or_worse():
    (line,) = [line for line in said(result("adam", 100, 100, edges=[("lr", "high")])) if "fresh" in line]
    assert line == (
        "the best lr of adam lies at the high end of what was searched; outside of it, adam:lr=9 was better on the "
        "tuning seeds, and takes as long on fresh ones (100 epochs)"
    )


def test_gaps_that_are_compared_differ_in_what_is_shown():
    searched, wider = Score(math.inf, 1.2345), Score(math.inf, 1.2344)
    tuned = replace(result("adam", 1, 1), tuned=searched)
    tuned = replace(tuned, wider=replace(tuned.wider, score=wider))
    (line,) = [line for line in said(tuned) if "does better" in line]
    assert line.endswith("adam:lr=9 (gap 1.2344) does better than adam:lr=1 (gap 1.2345)")
