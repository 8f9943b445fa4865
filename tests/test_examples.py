"""The example data work as the README uses them."""

from pathlib import Path

import pytest

import linbench

DATA = Path(__file__).parent.parent / "examples" / "data"


def test_the_cars_have_the_line_that_their_origin_names_and_gradient_descent_finds_it():
    problem = f"csv:path={DATA / 'cars.csv'},target=distance"
    raw, standardized = linbench.compare(
        "sgd:lr=0.1", "linear", problems=[problem, f"{problem},standardize=True"], predict=[21.0], timing=False
    )
    assert raw.status == "diverged"  # its largest stable lr is 0.0038
    assert standardized.status == "converged"
    assert standardized.prediction[0] == pytest.approx(3.932409 * 21 - 17.579095, abs=1e-3)
    assert raw.theory.weight[0][0] == pytest.approx(3.932409, abs=1e-6)
    assert raw.theory.bias[0] == pytest.approx(-17.579095, abs=1e-6)


def test_only_a_single_weight_stands_in_the_table():
    lines = str(linbench.compare("sgd", "manual", problems="study-hours,diabetes", epochs=3, timing=False)).splitlines()
    by_problem = {line.split()[0]: line.split() for line in lines[2:4]}
    assert by_problem["diabetes"][-2:] == ["–", "–"]
    assert all(float(cell) > 0 for cell in by_problem["study-hours"][-2:])
