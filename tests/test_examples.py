"""The examples work as their READMEs use them."""

import json
import shutil
from pathlib import Path

import pytest

import linbench

EXAMPLES = Path(__file__).parent.parent / "examples"
DATA = EXAMPLES / "data"


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


@pytest.fixture(scope="module")
def lion(tmp_path_factory, install_package):
    """The example plugin, installed; its folder, and the environment in which it is."""
    folder = tmp_path_factory.mktemp("lion") / "linbench-lion"
    shutil.copytree(EXAMPLES / "linbench-lion", folder)  # building leaves files behind
    return folder, install_package(folder, "lion")


def test_the_example_plugin_passes_its_own_tests(lion, run_tests):
    run_tests(*lion)


def test_the_example_plugin_is_listed_and_compared_as_if_it_were_built_in(lion, as_command, output_of):
    _, environment = lion
    listed = output_of(as_command("list", "optimizers"), env=environment).splitlines()
    assert any(line.split()[:1] == ["lion"] and line.endswith("[lion]") for line in listed)
    arguments = "compare -o lion:lr=[0.03,0.01],sgd -m manual --no-timing --format json".split()
    records = json.loads(output_of(as_command(*arguments), env=environment))["records"]
    assert [record["optimizer"] for record in records] == ["lion", "lion", "sgd"]
    assert {record["engine"] for record in records} == {"batched"}
    assert records[0]["status"] == "converged"
