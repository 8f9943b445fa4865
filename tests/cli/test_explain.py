"""`linbench explain`: the closed form of a problem."""

import json
import math
import re
from unittest.mock import ANY

import pytest

# X is 1, 2, 3, 4 and y is 50, 70, 90, 85, so the Hessian 2/n · XᵀX is [[15, 5], [5, 2]]: trace 17, determinant 5.
L, MU = (17 + math.sqrt(17**2 - 4 * 5)) / 2, (17 - math.sqrt(17**2 - 4 * 5)) / 2


@pytest.fixture
def explained(linbench):
    def run(arguments):
        result = linbench(f"explain {arguments} --format json")
        assert (result.exit_code, result.stderr) == (0, "")
        return json.loads(result.stdout)

    return run


def test_the_text_says_what_is_known_of_study_hours(linbench):
    result = linbench("explain study-hours")
    rate = (L / MU - 1) / (L / MU + 1)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "study-hours: 4 rows, 1 feature, 1 target\n"
        "\n"
        "least-squares optimum\n"
        "  hours      12.5\n"
        "  intercept  42.5\n"
        "\n"
        "cost at the optimum                               46.875\n"
        "cost at zero parameters                           5681.25\n"
        "rank of the data with intercept                   2 of 2\n"
        f"Hessian eigenvalues, 2/n · XᵀX                    {L:.6g}, {MU:.6g}\n"
        f"L, the largest                                    {L:.6g}\n"
        f"μ, the smallest that is not zero                  {MU:.6g}\n"
        f"condition number κ = L/μ                          {L / MU:.6g}\n"
        f"largest stable lr of gradient descent, 2/L        {2 / L:.6g}\n"
        f"its best fixed lr for the worst start, 2/(L + μ)  {2 / 17:.6g}\n"
        f"distance to the optimum per epoch at that lr      × {rate:.6g}, (κ − 1)/(κ + 1)\n"
        f"epochs per factor of ten in the gap               {math.log(10) / (-2 * math.log(rate)):.4g}\n"
        "\n"
        "predicted epochs to a relative gap of 1e-06, from zero parameters\n"
        "  gradient descent, best for this start, lr 0.116251                    148\n"
        "  gradient descent, best for the worst start, lr 0.117647               193\n"
        "  heavy ball, best for the worst start, lr 0.186288, momentum 0.583448  42\n"
        "  Nesterov, lr 0.0598781, momentum 0.763837                             50\n"
        "  Nesterov, for quadratics, lr 0.0793632, momentum 0.732885             46\n"
        "  the limit of all that step along gradients                            2\n"
    )


def test_json_has_the_closed_form_in_full_precision(explained):
    assert explained("study-hours") == {
        "problem": "study-hours",
        "optimum_cost": pytest.approx(46.875, rel=1e-12),
        "zero_cost": pytest.approx(5681.25, rel=1e-12),
        "W": [[pytest.approx(12.5, rel=1e-12)]],
        "b": [pytest.approx(42.5, rel=1e-12)],
        "spectrum": [pytest.approx(MU, rel=1e-12), pytest.approx(L, rel=1e-12)],
        "rank": 2,
        "condition_number": pytest.approx(L / MU, rel=1e-12),
        "largest_stable_lr": pytest.approx(2 / L, rel=1e-12),
        "best_fixed_lr": pytest.approx(2 / 17, rel=1e-12),
        "predicted_epochs": {
            "target": 1e-6,
            "best_gradient_descent": {"spec": ANY, "epochs": 148},
            "gradient_descent": {"spec": ANY, "epochs": 193},
            "heavy_ball": {"spec": ANY, "epochs": 42},
            "nesterov": {"spec": ANY, "epochs": 50},
            "nesterov_for_quadratics": {"spec": ANY, "epochs": 46},
            "krylov_limit": {"epochs": 2},
        },
    }


@pytest.mark.parametrize(
    "name", ["best_gradient_descent", "gradient_descent", "heavy_ball", "nesterov", "nesterov_for_quadratics"]
)
def test_a_predicted_spec_takes_the_predicted_epochs(explained, linbench, name):
    predicted = explained("study-hours --target 1e-4")["predicted_epochs"][name]
    settings = "--target 1e-4 --dtype float64 --epochs 300 --no-timing --format json"
    result = linbench(f"compare -o {predicted['spec']} -m manual {settings}")
    (record,) = json.loads(result.stdout)["records"]
    assert record["epochs_to_target"] == predicted["epochs"]


@pytest.mark.parametrize(
    ("factor", "words"), [(0.5, "290"), (1, "never: lr is 2/L"), (1.5, "diverges: lr is 1.5 × 2/L")]
)
def test_gradient_descent_is_predicted_at_an_lr_too(linbench, explained, factor, words):
    lr = factor * explained("study-hours")["largest_stable_lr"]
    lines = linbench(f"explain study-hours --lr {lr!r}").stdout.splitlines()
    assert lines[-7].split(maxsplit=4)[-1] == words
    row = explained(f"study-hours --lr {lr!r}")["predicted_epochs"]["gradient_descent_at_lr"]
    assert row == {"spec": f"sgd:lr={lr!r}", "epochs": int(words) if words.isdigit() else None}


@pytest.mark.parametrize("offset", [1000, 1_000_000])
def test_what_the_rounding_of_curvatures_leaves_open_is_shown(linbench, explained, tmp_path, offset):
    path = tmp_path / "offset.csv"
    rows = [f"{x},{offset + z},{y}" for x, z, y in [(1, 0, 3), (2, 1, 5), (3, 3, 6), (4, 2, 9)]]
    path.write_text("\n".join(["a,b,y", *rows]))
    lines = linbench(f"explain csv:path={path},target=y").stdout.splitlines()
    (ball,) = (line for line in lines if line.startswith("  heavy ball"))
    least, most = explained(f"csv:path={path},target=y")["predicted_epochs"]["heavy_ball"]["epochs_between"]
    if offset == 1000:
        assert least < most
        assert ball.endswith(f"about {least:.2e} to {most:.2e}")
    else:  # a curvature that is rounded the wrong way makes the method unstable
        assert most is None
        assert ball.endswith(f"{least:.2e} or more")
        assert float(re.search(r"momentum (\S+)", ball)[1]) < 1
        (rate,) = (line for line in lines if line.startswith("distance to the optimum"))
        assert rate.endswith("× 1 − 9e-25, (κ − 1)/(κ + 1)")
        (tenfold,) = (line for line in lines if line.startswith("epochs per factor of ten"))
        kappa = explained(f"csv:path={path},target=y")["condition_number"]
        assert float(tenfold.split()[-1]) == pytest.approx(kappa * math.log(10) / 4, rel=1e-3)


def test_conditions_beyond_the_momentum_of_float64_are_explained_without_predictions(linbench, tmp_path):
    path = tmp_path / "far.csv"
    path.write_text("a,b,y\n1e30,1,1\n2e30,3,3\n4e30,2,5\n3e30,7,2\n")
    result = linbench(f"explain csv:path={path},target=y")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "3 of 3" in result.stdout
    assert "predicted" not in result.stdout


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            "a,y\n1e150,1e160\n2e150,3e160\n4,5\n",
            "'y' holds values up to 3e+160, whose squares overflow float64: scale it",
        ),
        (
            "a,y\n1e160,1\n2e160,2\n4,5\n",
            "'a' holds values up to 2e+160, whose squares overflow float64: scale it down, or",
        ),
        (
            "a,y\n1e-160,1\n2e-160,2\n0,5\n",
            "'a' holds values up to 2e-160, whose squares vanish in float64: scale it up, or",
        ),
    ],
    ids=["large targets", "large features", "small features"],
)
@pytest.mark.parametrize("command", ["explain {}", "compare -o sgd -m manual --epochs 3 --no-timing -p {}"])
def test_data_whose_squares_are_beyond_float64_are_refused_in_one_line(linbench, tmp_path, command, table, message):
    path = tmp_path / "data.csv"
    path.write_text(table)
    result = linbench(command.format(f"csv:path={path},target=y"))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"linbench: column {message}")
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("unit", ["e160", "e-160", "e300"])
def test_data_whose_squares_are_beyond_float64_can_be_standardized(linbench, tmp_path, unit):
    path = tmp_path / "data.csv"
    path.write_text(f"a,y\n1{unit},1\n2{unit},2\n4{unit},5\n")
    result = linbench(f"explain csv:path={path},target=y,standardize=True --format json")
    assert json.loads(result.stdout)["rank"] == 2
    assert json.loads(result.stdout)["optimum_cost"] == pytest.approx(1 / 42, rel=1e-12)


def test_gradient_descent_is_stable_just_below_the_largest_stable_lr_and_not_above(explained, linbench):
    limit = explained("study-hours")["largest_stable_lr"]
    specs = f"sgd:lr=[{0.99 * limit!r},{1.01 * limit!r}]"
    result = linbench(f"compare -o {specs} -m manual --epochs 2000 --no-timing --format json")
    below, above = (record["status"] for record in json.loads(result.stdout)["records"])
    assert (below, above) == ("converged", "diverged")


def test_parameters_of_the_problem_are_taken(explained):
    assert explained("synthetic:n=30,d=4,condition=1000")["condition_number"] == pytest.approx(1000, rel=1e-6)


def test_the_seed_draws_other_data(explained):
    first, same, other = (explained(f"synthetic:n=9,d=2 --seed {seed}") for seed in (0, 0, 1))
    assert first == same
    assert first["W"] != other["W"]


def test_an_optimum_that_is_not_unique_is_said_to_be_the_smallest(linbench, tmp_path):
    path = tmp_path / "twice.csv"
    path.write_text("a,b,y\n1,1,2\n2,2,4\n3,3,6\n")
    lines = linbench(f"explain csv:path={path},target=y").stdout.splitlines()
    assert "least-squares optimum (not unique: the one of minimum norm)" in lines
    optimum = dict(line.split() for line in lines[3:6])
    assert (optimum["a"], optimum["b"]) == ("1", "1")
    assert float(optimum["intercept"]) == pytest.approx(0, abs=1e-9)
    assert "rank of the data with intercept                   2 of 3" in lines


def test_without_intercept_there_is_no_row_of_it_and_the_rank_is_that_of_the_data(linbench):
    result = linbench("explain nist:set=noint2")  # x is 4, 5, 6 and y is 3, 4, 4: xᵀx = 77, xᵀy = 56, yᵀy = 41
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "nist:set=noint2: 3 rows, 1 feature, 1 target, no intercept\n"
        "\n"
        "least-squares optimum\n"
        f"  x  {56 / 77:.10g}\n"
        "\n"
        f"cost at the optimum                               {1 / 11:.10g}\n"
        f"cost at zero parameters                           {41 / 3:.10g}\n"
        "rank of the data                                  1 of 1\n"
        f"Hessian eigenvalues, 2/n · XᵀX                    {154 / 3:.6g}\n"
        f"L, the largest                                    {154 / 3:.6g}\n"
        f"μ, the smallest that is not zero                  {154 / 3:.6g}\n"
        "condition number κ = L/μ                          1\n"
        f"largest stable lr of gradient descent, 2/L        {3 / 77:.6g}\n"
        f"its best fixed lr for the worst start, 2/(L + μ)  {3 / 154:.6g}\n"
        "distance to the optimum per epoch at that lr      × 0, (κ − 1)/(κ + 1)\n"
        "\n"
        "predicted epochs to a relative gap of 1e-06, from zero parameters\n"
        "  gradient descent, best for this start, lr 0.0194805       1\n"
        "  gradient descent, best for the worst start, lr 0.0194805  1\n"
        "  heavy ball, best for the worst start, lr 0.0194805        1\n"
        "  Nesterov, lr 0.0194805                                    1\n"
        "  Nesterov, for quadratics, lr 0.0194805                    1\n"
        "  the limit of all that step along gradients                1\n"
    )


def test_json_of_a_problem_without_intercept_has_no_bias(explained):
    found = explained("nist:set=noint2")
    assert (found["b"], found["rank"], len(found["spectrum"])) == ([], 1, 1)


def test_several_targets_have_a_column_each(linbench):
    lines = linbench("explain synthetic:n=9,d=2,targets=3").stdout.splitlines()
    assert lines[0] == "synthetic:n=9,d=2,targets=3: 9 rows, 2 features, 3 targets"
    assert [len(line.split()) for line in lines[3:6]] == [4, 4, 4]


FAULTY = """
def loud(seed):
    print("PRINTED")
    return Problem([[1.0], [2.0]], [1.0, 3.0])

def broken(seed):
    raise OSError("the disk is on fire")

@hookimpl
def linbench_problems():
    return [
        Component("problem", "loud", loud),
        Component("problem", "broken", broken),
        Component("problem", "nothing", lambda seed: None),
        Component("problem", "gone", "my_plugin:gone"),
    ]
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("broken", "problem 'broken' cannot be built: OSError: the disk is on fire"),
        ("nothing", "problem 'nothing' made a NoneType, not a linbench.Problem"),
        ("gone", "problem 'gone' cannot be built: AttributeError: module 'my_plugin' has no attribute 'gone'"),
    ],
)
def test_a_problem_that_cannot_be_built_is_one_line(linbench, plugin, name, message):
    result = linbench(f"explain {name} --plugin {plugin(FAULTY)}")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"linbench: {message}\n")


def test_what_a_problem_prints_goes_to_stderr(linbench, plugin):
    result = linbench(f"explain loud --format json --plugin {plugin(FAULTY)}")
    assert json.loads(result.stdout)["optimum_cost"] == pytest.approx(0, abs=1e-12)
    assert result.stderr == "PRINTED\n"
