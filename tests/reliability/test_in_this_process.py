"""Whatever an optimizer does in this process, it is one line, and every other record is as without it."""

import os
import random
import signal
import sys
import warnings

import pytest
import torch

FAILING = {
    "construction-raises": "ValueError: cannot be made",
    "step-raises": "ZeroDivisionError: at the third bounce",
    "step-cancels": "CancelledError: no Exception",
    "exits": "SystemExit: 5",
    "recurses": "RecursionError: maximum recursion depth exceeded",
    "changes-data": "it changed the data that it was trained on",
    "makes-none": "TypeError: it made a NoneType, which has no step()",
    "makes-int": "TypeError: it made a int, which has no step()",
    "makes-object": "TypeError: it made a object, which has no step()",
}


@pytest.mark.sampled(keep=9)
@pytest.mark.parametrize("engine", ["serial", "batched"])
@pytest.mark.parametrize("name", FAILING)
def test_an_optimizer_that_goes_wrong_is_an_error_and_changes_no_other_record(compared, name, engine):
    first, bad, last = compared("sgd", name, "adam", engine=engine)
    assert bad["status"] == "error"
    assert bad["reason"].startswith(FAILING[name])
    assert "\n" not in bad["reason"]
    assert [first, last] == compared("sgd", "adam", engine=engine)


@pytest.mark.parametrize("name", ["step-returns-garbage", "changes-state", "floods-stderr"])
def test_an_optimizer_that_only_leaves_traces_trains_and_changes_no_other_record(compared, name):
    first, strange, last = compared("sgd", name, "adam")
    assert strange["status"] == "budget"
    assert strange["final_cost"] == first["final_cost"] or name == "changes-state"
    assert [first, last] == compared("sgd", "adam")


def global_state():
    return {
        "default dtype": torch.get_default_dtype(),
        "grad mode": torch.is_grad_enabled(),
        "threads": torch.get_num_threads(),
        "torch's generator": torch.get_rng_state().tolist(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "default device": torch.empty(0).device,
        "python's generator": random.getstate(),
        "filters": list(warnings.filters),
        "folder": os.getcwd(),  # noqa: PTH109
        "environment": dict(os.environ),
        "recursion limit": sys.getrecursionlimit(),
        "Ctrl-C": signal.getsignal(signal.SIGINT),
        "streams": (sys.stdin, sys.stdout, sys.stderr),
    }


@pytest.mark.parametrize("timing", [False, True])
def test_what_an_optimizer_changes_in_the_process_is_put_back(compared, timing):
    before = global_state()
    compared("changes-state", timing=timing)
    assert global_state() == before


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_model_that_changes_the_data_is_an_error_and_the_others_get_it_as_it_was(compared, dtype):
    bad, good = compared("sgd", models="changes-data,linear", dtype=dtype)
    assert (bad["status"], bad["reason"]) == ("error", "it changed the data that it was trained on")
    (alone,) = compared("sgd", models="linear", dtype=dtype)
    assert {**good, "engine": "any"} == {**alone, "engine": "any"}  # both models were lanes of one batch


def test_timing_leaves_no_traces_in_the_records(compared):
    first, _, _, last = compared("sgd", "changes-data", "step-cancels", "adam", timing=True)
    assert [first, last] == compared("sgd", "adam", timing=True)
