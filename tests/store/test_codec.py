"""Records come back from the store as they went in, bit for bit."""

import dataclasses
import json
import math
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linbench import Record, Status, StepTime, StoreError, Theory, Trajectory
from linbench.core.outcome.record import Ending, Rounding, Tail
from linbench.store.codec import (
    STORED_POINTS,
    read_record,
    read_theory,
    read_trajectory,
    record_row,
    theory_row,
    trajectory_blob,
)
from linbench.store.schema import RECORD_COLUMNS

THEORY = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.3, 16.7), 2, 4, 1, 1, (1.0, math.inf))


NOT_THERE = {
    "lr_is_default": False,
    "best_epoch": None,
    "ending": None,
    "evaluations_to_target": None,
    "tail": None,
    "rounding": None,
    "ridge_relative_gap": None,
    "initial_gap_parts": None,
    "rules": 1,
}
"""The fields that records written by 0.1.0 lack, with what stands for them."""


def through_the_store(record):
    row = dict(zip(RECORD_COLUMNS, record_row(record, 1, 0, None), strict=True))
    return read_record(row["record"], row["special"], row["trajectory"], record.theory, row["traceback"])


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"weight": None, "bias": None, "final_cost": None},
        {"weight": [[12.5]], "bias": []},
        {"status": Status.ERROR, "reason": "ValueError: κ \ud800 'quoted'", "traceback": "Traceback …"},
        {"step_time": StepTime(150.25, 5.5), "warnings": ("one", "two"), "prediction": [105.06]},
        {"params": {"lr": 0.1, "betas": [0.9, 0.99], "nested": {"a": None}}, "batch_size": 2},
        {"final_cost": math.inf, "gap": -math.inf, "weight": [[math.inf]], "status": Status.DIVERGED},
        {"params": {"lr": math.inf, "betas": [0.9, -math.inf], "nested": {"a": math.inf}}},
        {"final_cost": 1.7e308, "best_cost": 1.7e308},
        {"seed": 2**64 - 1},
    ],
)
def test_a_record_comes_back_as_it_was(keyed, fields):
    record = keyed(**fields)
    assert through_the_store(record) == record
    assert through_the_store(record).traceback == record.traceback


@given(st.data())
def test_every_field_of_a_record_comes_back_whatever_it_holds(record_fields, data):
    fields = data.draw(record_fields)
    record = Record(**fields)
    back = through_the_store(record)
    assert {*fields, "theory"} == {*Record.__slots__}
    for name in Record.__slots__:  # `repr`, since NaN is not equal to itself
        assert repr(getattr(back, name)) == repr(getattr(record, name)), name


def test_a_record_written_before_a_field_was_there_has_its_default(keyed):
    names = {"tail": "tail_gap"}
    full = keyed(
        lr_is_default=True,
        best_epoch=7,
        ending=Ending.STILL,
        evaluations_to_target=9,
        tail=Tail(1.0, 2.0, 3.0),
        rounding=Rounding(0.5, math.inf),
        ridge_relative_gap=1e-9,
        initial_gap_parts=[0.25, 0.75],
        rules=2,
    )
    row = dict(zip(RECORD_COLUMNS, record_row(full, 1, 0, None), strict=True))
    content = json.loads(row["record"])
    for name in NOT_THERE:
        del content[names.get(name, name)]
    back = read_record(json.dumps(content), None, None, None)
    assert {name: getattr(back, name) for name in NOT_THERE} == NOT_THERE
    assert through_the_store(full) == full


def test_the_parts_of_a_start_at_zero_are_those_of_the_theory(keyed):
    theory = dataclasses.replace(THEORY, gap_parts=(1.5, 2.5))
    back = through_the_store(keyed(theory=theory, initial_gap_parts=theory.gap_parts))
    assert back.initial_gap_parts is theory.gap_parts
    assert through_the_store(keyed(theory=theory, initial_gap_parts=[1.5, 2.75])).initial_gap_parts == [1.5, 2.75]


def test_nan_comes_back_as_nan(keyed):
    back = through_the_store(keyed(final_cost=math.nan, bias=[math.nan, 1.0]))
    assert math.isnan(back.final_cost)
    assert math.isnan(back.bias[0])
    assert back.bias[1] == 1.0


@given(st.floats(allow_nan=False))
def test_any_number_comes_back_bit_for_bit(keyed, number):
    back = through_the_store(keyed(final_cost=number, weight=[[number]])).final_cost
    assert struct.pack("<d", back) == struct.pack("<d", number)


def test_the_text_of_a_record_is_json_whatever_its_numbers(keyed):
    row = record_row(keyed(final_cost=math.inf), 1, 0, None)
    text = row[RECORD_COLUMNS.index("record")]
    assert json.loads(text, parse_constant=pytest.fail)["final_cost"] is None


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.floats(width=64)), max_size=300))
def test_a_trajectory_comes_back_bit_for_bit(points):
    trajectory = Trajectory([epoch for epoch, _ in points], [cost for _, cost in points])
    back = read_trajectory(trajectory_blob(trajectory))
    assert back.epoch == trajectory.epoch
    assert struct.pack(f"<{len(points)}d", *back.cost) == struct.pack(f"<{len(points)}d", *trajectory.cost)


def test_a_trajectory_is_laid_out_as_documented():
    assert zlib.decompress(trajectory_blob(Trajectory([0, 7], [1.5, -2.0]))) == bytes.fromhex(
        "01020000000000000007000000000000000000f83f00000000000000c0"
    )


def test_a_long_trajectory_is_thinned_and_keeps_first_last_and_crossing(keyed):
    curve = Trajectory(range(2001), [float(cost) for cost in range(2001, 0, -1)])
    back = through_the_store(keyed(trajectory=curve, epochs_to_target=1743)).trajectory
    assert len(back.epoch) <= STORED_POINTS
    assert {0, 1743, 2000} <= set(back.epoch)
    assert back.cost == [curve.cost[epoch] for epoch in back.epoch]


def test_a_curve_that_was_thinned_before_keeps_its_crossing(keyed):
    curve = Trajectory(range(2001), [0.0] * 2001).thinned(500, 1743)
    assert 1743 in through_the_store(keyed(trajectory=curve, epochs_to_target=1743)).trajectory.epoch


def test_a_theory_comes_back_as_it_was():
    _, content = theory_row(THEORY)
    assert read_theory(content) == THEORY


def test_a_theory_without_intercept_comes_back_as_it_was():
    theory = Theory(((2.5,),), (), 46.875, 5681.25, (16.7,), 1, 4, 1, 1, (1.0,), intercept=False)
    assert read_theory(theory_row(theory)[1]) == theory


def test_a_theory_that_was_stored_before_there_were_others_has_an_intercept():
    content = json.loads(theory_row(THEORY)[1])
    del content["intercept"]
    assert read_theory(json.dumps(content)) == THEORY
    assert THEORY.intercept


@pytest.mark.parametrize("blob", [b"", b"no zlib", zlib.compress(b"\x01\x05\x00\x00\x00"), zlib.compress(b"\x09" * 9)])
def test_a_damaged_trajectory_is_one_line(keyed, blob):
    text = record_row(keyed(), 1, 0, None)[RECORD_COLUMNS.index("record")]
    with pytest.raises(StoreError, match=r"^a record of the store is damaged"):
        read_record(text, None, blob, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ending", "sudden"),
        ("tail_gap", [1, 2, 3]),
        ("tail_gap", {"low": 1.0}),
        ("rounding", {"gradient": 1.0}),
        ("flavour", 5),
    ],
)
def test_a_damaged_field_is_one_line(keyed, name, value):
    content = json.loads(record_row(keyed(), 1, 0, None)[RECORD_COLUMNS.index("record")])
    with pytest.raises(StoreError, match=r"^a record of the store is damaged"):
        read_record(json.dumps({**content, name: value}), None, None, None)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"status": "well"}'])
def test_a_damaged_record_is_one_line(text):
    with pytest.raises(StoreError, match=r"^a record of the store is damaged"):
        read_record(text, None, None, None)
