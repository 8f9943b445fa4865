"""The table shows what tells runs apart, in as much room as there is, and nothing twice."""

import math

import pytest
from tabulate import tabulate_formats

from linbench import Status, StepTime, Theory, UsageError
from linbench.results.table.render import LARGE_SWEEP, render

THEORY = Theory(((12.5,),), (42.5,), 46.875, 5681.25, (0.29939, 16.70061), 2, 4, 1, 1)


def cells(records, **options):
    """The table as one dictionary per row, by way of tab-separated values."""
    head, *rows = render(records, style="tsv", **options).split("\n\n")[0].splitlines()
    names = [name.strip() for name in head.split("\t")]
    return [dict(zip(names, map(str.strip, row.split("\t")), strict=True)) for row in rows]


def widest(text):
    return max(map(len, text.splitlines()))


def test_a_row_shows_the_numbers_of_its_record(make_record):
    record = make_record(
        status=Status.CONVERGED,
        epochs_to_target=1743,
        final_cost=46.8762345,
        gap=0.00123456,
        step_time=StepTime(165.4, 20.0),
        prediction=[105.0612],
    )
    assert cells([record]) == [
        {
            "optimizer": "sgd:lr=0.01",
            "model": "manual",
            "status": "converged",
            "epochs": "1743",
            "cost": "46.8762",
            "gap": "0.0012",
            "W": "12.529",
            "b": "42.415",
            "predicted": "105.06",
            "µs/step": "165 ± 20",
            "time": "288 ms",
        }
    ]


def test_what_does_not_exist_is_a_dash(make_record):
    nothing = dict.fromkeys(["final_cost", "gap", "relative_gap", "weight", "bias"])
    rows = cells([make_record(), make_record(optimizer="adam", status=Status.ERROR, reason="no", **nothing)])
    assert rows[1] == {
        **{"optimizer": "adam:lr=0.01", "model": "manual", "status": "error"},
        **dict.fromkeys(["epochs", "cost", "gap", "W", "b"], "–"),
    }


def test_epochs_and_time_to_a_target_that_a_diverged_run_passed_are_not_shown(make_record):
    record = make_record(status=Status.DIVERGED, epochs_to_target=3, step_time=StepTime(1.0, 0.0))
    (row,) = cells([record])
    assert (row["status"], row["epochs"], row["time"]) == ("diverged", "–", "–")


def test_several_seeds_are_one_row_with_median_and_range(make_record):
    costs = {0: 50.0, 1: 47.0, 2: 48.0}
    records = [
        make_record(
            seed=seed,
            status=Status.BUDGET if seed == 0 else Status.CONVERGED,
            epochs_to_target=None if seed == 0 else 100 * seed,
            final_cost=cost,
            gap=cost - 46.875,
            weight=[[float(seed)]],
        )
        for seed, cost in costs.items()
    ]
    (row,) = cells(records)
    assert row["status"] == "2/3 converged"
    assert row["epochs"] == "200 [100–∞]"
    assert row["cost"] == "48.00 [47.00–50.00]"
    assert row["gap"] == "1.1 [0.12–3.1]"
    assert row["W"] == "1.0000"


@pytest.mark.parametrize(
    ("column", "field", "values"), [("problem", "problem", ["p", "q"]), ("device", "device", ["cpu", "cuda:0"])]
)
def test_a_column_in_which_all_rows_are_alike_is_left_out(make_record, column, field, values):
    alike = cells([make_record(**{field: values[0]}), make_record(model="linear", **{field: values[0]})])
    differing = cells([make_record(**{field: value}) for value in values])
    assert all(column not in row for row in alike)
    assert [row[column] for row in differing] == values


@pytest.mark.parametrize(
    ("weight", "bias", "prediction", "columns"),
    [
        ([[1.0]], [2.0], None, ["W", "b"]),
        ([[1.0], [2.0]], [2.0], None, []),
        (None, None, None, []),
        ([[1.0, 2.0]], [2.0, 3.0], [1.0, 2.0], ["predicted 1", "predicted 2"]),
        (None, None, [1.0], ["predicted"]),
        ([[1.0]], [], [2.0], ["W", "predicted"]),
    ],
)
def test_parameters_are_shown_where_they_are_scalars_and_predictions_always(
    make_record, weight, bias, prediction, columns
):
    (row,) = cells([make_record(weight=weight, bias=bias, prediction=prediction)])
    assert list(row)[list(row).index("gap") + 1 :] == columns


def test_a_bias_is_a_dash_in_the_row_of_a_problem_that_has_none(make_record):
    rows = cells([make_record(), make_record(problem="nist:set=noint1", bias=[])])
    assert [(row["W"], row["b"]) for row in rows] == [("12.529", "42.415"), ("12.529", "–")]


def sweep(make_record, rows, **fields):
    return [
        make_record(
            params={"lr": 0.01 * (i + 1), "momentum": 0.9},
            status=Status.CONVERGED if i < 5 else Status.DIVERGED,
            epochs_to_target=100 + 40 * i if i < 5 else None,
            gap=1e-6 if i < 5 else math.inf,
            **fields,
        )
        for i in range(rows)
    ]


def test_more_than_thirty_rows_are_folded_to_one_per_optimizer_and_model(make_record):
    records = sweep(make_record, 20) + sweep(make_record, 20, optimizer="adam")
    rows = cells(records)
    assert rows == [
        {
            **{"optimizer": f"{name}:momentum=0.9", "model": "manual", "converged": "5/20"},
            **{"diverged": "15", "best": "lr=0.01", "epochs": "100", "gap": "1.0e-06"},
            **{"median epochs": "–", "median gap": "∞", "lr within 2x of best": "0.01–0.03"},
        }
        for name in ("sgd", "adam")
    ]


@pytest.mark.parametrize(
    ("count", "show_all", "rows"), [(LARGE_SWEEP, False, LARGE_SWEEP), (LARGE_SWEEP + 1, False, 1), (50, True, 50)]
)
def test_a_small_sweep_and_one_that_is_asked_for_whole_show_every_row(make_record, count, show_all, rows):
    assert LARGE_SWEEP == 30
    assert len(cells(sweep(make_record, count), show_all=show_all)) == rows


BUILT_IN, IMPORT_PATH = ["sgd", "adagrad", "adafactor"], ["my_package.optim.MyOptimizer"]
SHORT = {"lr": 0.01}
LONG = {"lr": 0.0942668, "betas": [0.9, 0.999], "weight_decay": 1e-05, "amsgrad": True, "decoupled_weight_decay": True}
EXTREME = {"final_cost": 1.23456e-30, "gap": 1.2e-30, "weight": [[-1.2345e-12]], "bias": [-123456.7]}


@pytest.mark.parametrize(
    ("style", "names", "params"),
    [
        ("simple", BUILT_IN, SHORT),
        ("simple", BUILT_IN, LONG),
        ("simple", IMPORT_PATH, SHORT),
        ("simple", IMPORT_PATH, LONG),
        ("grid", BUILT_IN, SHORT),
    ],
)
@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize("more", [{}, {"device": "cuda:0"}, EXTREME], ids=["plain", "two devices", "extreme"])
@pytest.mark.parametrize("timed", [True, False])
def test_the_table_fits_a_hundred_columns(make_record, style, names, params, seeds, more, timed):
    records = [
        make_record(
            **{
                "optimizer": name,
                "params": params,
                "model": model,
                "seed": seed,
                "status": Status.CONVERGED,
                "epochs_to_target": 1700 + seed * 13,
                "theory": THEORY,
                "step_time": StepTime(165.4, 20.0) if timed else None,
                **(more if model == "linear" else {}),
            }
        )
        for name in names
        for model in ("manual", "linear")
        for seed in range(seeds)
    ]
    assert widest(render(records, style=style)) <= 100


def test_a_narrower_terminal_gets_a_narrower_table_and_a_wide_one_every_column(make_record):
    record = make_record(params={"lr": 0.1, "betas": [0.9, 0.999]}, step_time=StepTime(165.4, 20.0), theory=THEORY)
    widths = {width: render([record], width=width) for width in (75, 85, 100, 300)}
    assert all(widest(text) <= width for width, text in widths.items())
    assert "sgd:lr=0.1,betas=(0.9,0.999)" in widths[300]
    assert "W and b are left out to fit 75 columns; json and csv have them" in " ".join(widths[75].split())
    assert [" W " in text.splitlines()[0] for text in widths.values()] == [False, False, False, True]


def test_a_narrow_table_without_a_bias_leaves_out_the_weight_alone(make_record):
    record = make_record(params={"lr": 0.1, "betas": [0.9, 0.999]}, step_time=StepTime(165.4, 20.0), bias=[])
    text = " ".join(render([record], width=75).split())
    assert "W is left out to fit 75 columns; json and csv have it" in text


def test_a_long_spec_is_broken_after_its_commas_but_not_within_a_tuple(make_record):
    lines = render([make_record(params=LONG, step_time=StepTime(165.4, 20.0))], width=80).splitlines()
    assert [line[:31].strip() for line in lines[2:8]] == [
        "sgd:",
        "lr=0.0942668,",
        "betas=(0.9,0.999),",
        "weight_decay=1e-05,",
        "amsgrad=True,",
        "decoupled_weight_decay=True",
    ]


@pytest.mark.parametrize("style", tabulate_formats)
def test_every_format_of_tabulate_writes_the_table(make_record, style):
    records = [make_record(theory=THEORY), make_record(optimizer="adam", theory=THEORY)]
    text = render(records, style=style)
    assert text.index("sgd") < text.rindex("adam")
    in_document = style.startswith(("html", "unsafehtml", "latex"))
    assert ("condition number" in text) is not in_document


def test_an_unknown_format_gets_the_closest_known_one(make_record):
    with pytest.raises(UsageError, match=r"^unknown format 'gird': did you mean 'grid'\?$"):
        render([make_record()], style="gird")


@pytest.mark.parametrize("style", ["simple", "html"])
def test_no_records_are_no_runs(style):
    assert render([], style=style) == "no runs"


def test_text_from_a_plugin_cannot_write_markup_into_a_notebook(make_record):
    assert "<script>" not in render([make_record(optimizer="<script>")], style="html")
