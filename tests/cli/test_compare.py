"""`linbench compare`: every option does what its help says."""

import json

import numpy as np
import pytest
import torch

ONE = "-o sgd -m manual"


def test_the_default_matrix_is_three_optimizers_and_two_models(records):
    cases = [
        (r["optimizer"], r["params"], r["model"], r["problem"], r["device"], r["seed"]) for r in records("--epochs 2")
    ]
    assert sorted(cases, key=repr) == sorted(
        [
            (optimizer, {"lr": 0.01}, model, "study-hours", "cpu", 0)
            for optimizer in ("sgd", "adam", "rmsprop")
            for model in ("manual", "linear")
        ],
        key=repr,
    )


def test_a_default_run_has_2000_epochs_in_float32_and_ends_where_the_tutorial_does(records):
    (record,) = records(ONE)
    assert (record["epochs"], record["epochs_run"], record["dtype"]) == (2000, 2000, "float32")
    assert (record["batch_size"], record["target"]) == (None, 1e-6)
    assert record["parameters"] == {
        "W": [[pytest.approx(12.529, abs=5e-4)]],
        "b": [pytest.approx(42.415, abs=5e-4)],
    }


def test_specs_carry_parameters_and_a_piece_with_an_equals_sign_continues_the_spec(records):
    found = records("-o sgd:lr=0.1,momentum=0.9,adam:betas=(0.8,0.9) -m manual --epochs 2")
    assert [(r["optimizer"], r["params"]) for r in found] == [
        ("sgd", {"lr": 0.1, "momentum": 0.9}),
        ("adam", {"betas": [0.8, 0.9], "lr": 0.01}),
    ]


def test_an_optimizer_nobody_registered_is_reached_by_its_import_path(records):
    by_path, by_name = records("-o torch.optim.SGD:lr=0.02,sgd:lr=0.02 -m manual --epochs 5")
    assert by_path["optimizer"] == "torch.optim.SGD"
    assert by_path["parameters"] == by_name["parameters"]


def test_models_devices_and_problems_are_chosen_by_name(records):
    found = records("-o sgd -m linear -d cpu -p synthetic:n=6,d=2,study-hours --epochs 2")
    assert [(r["problem"], r["model"], r["device"]) for r in found] == [
        ("synthetic:n=6,d=2", "linear", "cpu"),
        ("study-hours", "linear", "cpu"),
    ]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("0.1", [0.1]),
        ("0.1,0.02", [0.1, 0.02]),
        ("[0.1,0.02]", [0.1, 0.02]),
        ("1e-3..1e-1@3", [0.001, 0.01, 0.1]),
    ],
)
def test_lr_is_a_value_or_a_sweep_for_specs_that_name_none(records, text, values):
    found = records(f"-o sgd,adam:lr=0.5 -m manual --epochs 2 --lr {text}")
    assert [r["params"]["lr"] for r in found if r["optimizer"] == "sgd"] == values
    assert [r["params"]["lr"] for r in found if r["optimizer"] == "adam"] == [0.5]


def test_sweeps_in_a_spec_multiply(records):
    found = records("-o sgd:lr=[0.01,0.02],momentum=[0,0.5] -m manual --epochs 2")
    assert [(r["params"]["lr"], r["params"]["momentum"]) for r in found] == [
        (0.01, 0),
        (0.01, 0.5),
        (0.02, 0),
        (0.02, 0.5),
    ]


@pytest.mark.parametrize(("text", "seeds"), [("3", [0, 1, 2]), ("0,3,7", [0, 3, 7]), ("1", [0])])
def test_seeds_are_a_count_or_a_list(records, text, seeds):
    found = records(f"-o sgd -m linear --epochs 2 --seeds {text}")
    assert [r["seed"] for r in found] == seeds
    assert len({r["initial_cost"] for r in found}) == len(seeds), "each seed starts elsewhere"


def test_a_batch_size_makes_several_updates_per_epoch(records):
    full, halves, larger = (
        records(f"{ONE} --epochs 3 {option}")[0] for option in ("", "--batch-size 2", "--batch-size 9")
    )
    assert (full["evaluations"], halves["evaluations"], larger["evaluations"]) == (3, 6, 3)
    assert halves["batch_size"] == 2
    assert halves["final_cost"] < full["final_cost"] == larger["final_cost"]


@pytest.mark.parametrize("target", [0.5, 0.01])
def test_the_target_is_the_relative_gap_that_counts_as_converged(records, target):
    (record,) = records(f"{ONE} --epochs 600 --target {target} --trajectories")
    gaps = [(cost - 46.875) / (5681.25 - 46.875) for cost in record["trajectory"]["cost"]]
    assert record["status"] == "converged"
    assert record["epochs_to_target"] == next(epoch for epoch, gap in enumerate(gaps) if gap <= target)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_data_and_parameters_have_the_dtype_asked_for(records, dtype):
    (record,) = records(f"{ONE} --epochs 1 --lr 0.001 --dtype {dtype}")
    rate, slope, intercept = (torch.tensor(value, dtype=getattr(torch, dtype)) for value in (0.001, -400.0, -147.5))
    assert record["dtype"] == dtype
    assert record["parameters"] == {"W": [[(-rate * slope).item()]], "b": [(-rate * intercept).item()]}


def test_both_engines_give_the_same_records(records):
    options = "-o sgd,adam -m manual,linear --epochs 20 --engine"
    auto, serial = records(f"{options} auto"), records(f"{options} serial")
    assert {r["engine"] for r in serial} == {"serial"}
    # Some processors' vector instructions round a square root otherwise than their scalar ones do.
    numbers = dict.fromkeys(("parameters", "final_cost", "best_cost", "gap", "relative_gap", "engine"))
    assert [r | numbers for r in auto] == [r | numbers for r in serial]
    for name in ("final_cost", "best_cost", "gap", "relative_gap"):
        assert [r[name] for r in auto] == pytest.approx([r[name] for r in serial], rel=1e-5)
    for name in ("W", "b"):
        flat = [[np.ravel(r["parameters"][name]) for r in one] for one in (auto, serial)]
        np.testing.assert_allclose(*flat, rtol=1e-5)


def test_predict_adds_what_the_trained_model_says(records):
    (record,) = records(f"{ONE} --predict 5")
    assert record["prediction"] == [pytest.approx(105.06, abs=5e-3)]
    W, b = record["parameters"]["W"][0][0], record["parameters"]["b"][0]
    assert record["prediction"] == [pytest.approx(5 * W + b, rel=1e-6)]


def test_predict_is_a_column_of_the_table(linbench):
    table = linbench(f"compare {ONE} --epochs 2000 --no-timing --predict 5").stdout.splitlines()
    assert table[0].split()[-3:] == ["W", "b", "predicted"]
    assert table[2].split()[-3:] == ["12.529", "42.415", "105.06"]


def test_a_problem_without_intercept_has_no_bias_in_tables_and_records(linbench, records):
    arguments = "-o sgd:lr=0.01 -m manual,linear -p nist:set=noint2 --epochs 100 --no-timing --predict 10"
    table = linbench(f"compare {arguments}").stdout
    assert table.splitlines()[0].split() == "optimizer model status epochs cost gap W predicted".split()
    assert [line.split()[-2:] for line in table.splitlines()[2:4]] == [["0.72727", "7.2727"]] * 2
    assert "nist:set=noint2: optimum cost 0.090909 at W = 0.7273; condition number 1.00;" in table
    for record in records(arguments):
        ((weight,),) = record["parameters"]["W"]
        assert weight == pytest.approx(56 / 77, rel=1e-6)
        assert (record["parameters"]["b"], record["status"]) == ([], "converged")


def test_trajectories_put_every_cost_into_the_record(records):
    (record,) = records(f"{ONE} --epochs 40 --trajectories")
    trajectory = record["trajectory"]
    assert trajectory["epoch"] == list(range(41))
    assert trajectory["cost"][0] == record["initial_cost"] == 5681.25
    assert trajectory["cost"][-1] == record["final_cost"]
    assert min(trajectory["cost"]) == record["best_cost"]


def test_trajectories_n_thins_them_and_keeps_both_ends(records):
    (full,), (thin,) = (records(f"{ONE} --epochs 40 --trajectories {n}") for n in ("", "10"))
    epochs = thin["trajectory"]["epoch"]
    assert 5 <= len(epochs) <= 10
    assert (epochs[0], epochs[-1]) == (0, 40)
    assert thin["trajectory"]["cost"] == [full["trajectory"]["cost"][epoch] for epoch in epochs]


def test_no_trajectories_unless_asked_for(records):
    assert "trajectory" not in records(f"{ONE} --epochs 2")[0]


def test_steps_are_timed_unless_no_timing_is_given(linbench):
    timed, untimed = (
        json.loads(linbench(f"compare {ONE} --epochs 600 --target 0.01 --format json {option}").stdout)["records"][0]
        for option in ("", "--no-timing")
    )
    assert (untimed["step_time_us"], untimed["time_to_target_s"]) == (None, None)
    assert timed["step_time_us"]["median"] > 1
    assert timed["step_time_us"]["iqr"] >= 0
    assert timed["time_to_target_s"] == pytest.approx(timed["epochs_to_target"] * timed["step_time_us"]["median"] / 1e6)


def test_the_table_has_time_columns_only_with_timing(linbench):
    timed, untimed = (linbench(f"compare {ONE} --epochs 2 {option}").stdout for option in ("", "--no-timing"))
    assert timed.splitlines()[0].split()[-2:] == ["µs/step", "time"]
    assert "µs/step" not in untimed


def test_a_large_sweep_is_folded_and_all_shows_every_row(linbench):
    folded, full = (
        linbench(f"compare {ONE} --lr 1e-4..1e-2@31 --epochs 2 --no-timing {option}").stdout.split("\n\n")[0]
        for option in ("", "--all")
    )
    assert full.count("sgd:lr=") == 31
    assert folded.count("sgd") == 1


def test_output_goes_to_the_file_and_stdout_stays_empty(linbench, tmp_path):
    path, options = tmp_path / "result.csv", f"compare {ONE} --epochs 2 --no-timing --format csv"
    result = linbench(f"{options} --output {path}")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert path.read_text() == linbench(options).stdout


def test_a_plugin_file_adds_its_optimizer(linbench, plugin):
    path = plugin("""
import torch

class Halved(torch.optim.SGD):
    def __init__(self, params, lr):
        super().__init__(params, lr=lr / 2)

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "halved", "my_plugin:Halved")]
""")
    result = linbench(
        f"compare -o halved:lr=0.02,sgd:lr=0.01 -m manual --epochs 5 --no-timing --format json --plugin {path}"
    )
    halved, sgd = json.loads(result.stdout)["records"]
    assert halved["optimizer"] == "halved"
    assert halved["parameters"] == sgd["parameters"]


BROKEN = """
class Broken:
    def __init__(self, params, lr):
        raise ValueError("no such rate")

@hookimpl
def linbench_optimizers():
    return [Component("optimizer", "broken", Broken)]
"""


def test_debug_shows_the_traceback_of_an_error_record(linbench, plugin):
    options = f"compare -o broken -m manual --epochs 2 --no-timing --engine serial --plugin {plugin(BROKEN)}"
    plain, debug = linbench(options), linbench(f"{options} --debug")
    assert plain.stderr == ""
    assert debug.stderr.startswith("Traceback (most recent call last):")
    assert debug.stderr.rstrip().endswith("ValueError: no such rate")
    assert plain.stdout == debug.stdout


def test_quiet_leaves_stderr_empty(linbench):
    result = linbench(f"compare {ONE} --epochs 2 --no-timing --quiet")
    assert (result.exit_code, result.stderr) == (0, "")


PRINTING = """
import torch
print("PRINTED at import")

def problem(seed):
    print("PRINTED by the problem")
    return Problem([[1.0], [2.0]], [1.0, 3.0])

class Model(torch.nn.Linear):
    def forward(self, x):
        print("PRINTED by the model")
        return super().forward(x)

class Optimizer(torch.optim.SGD):
    def step(self, closure=None):
        print("PRINTED by the optimizer")
        return super().step(closure)

def reporter(records):
    print("PRINTED by the reporter")
    return "the report"

@hookimpl
def linbench_optimizers():
    print("PRINTED by the hook")
    return [Component("optimizer", "loud", Optimizer)]

@hookimpl
def linbench_models():
    return [Component("model", "loud", Model)]

@hookimpl
def linbench_problems():
    return [Component("problem", "loud", problem)]

@hookimpl
def linbench_reporters():
    return [Component("reporter", "loud", reporter)]
"""


def test_stdout_holds_nothing_but_the_result_whoever_prints(linbench, plugin):
    result = linbench(f"compare -o loud -m loud -p loud --format loud --epochs 2 --plugin {plugin(PRINTING)}")
    assert (result.exit_code, result.stdout) == (0, "the report\n")
    printed = set(result.stderr.splitlines())
    assert printed == {"PRINTED at import"} | {
        f"PRINTED by the {who}" for who in ("problem", "model", "optimizer", "reporter", "hook")
    }
