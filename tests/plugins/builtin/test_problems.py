"""What is said of built-in problems without importing them is what they take."""

import inspect

import pytest

PROBLEMS = ["study-hours", "synthetic", "csv", "diabetes", "nist"]


def test_these_problems_are_built_in(catalog):
    assert catalog.names("problem") == PROBLEMS


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_declared_parameters_are_those_of_the_function(catalog, name):
    component = catalog.find("problem", name)
    taken = list(inspect.signature(component.resolve()).parameters.values())[1:]
    declared = {p.name: "(required)" if p.default is p.empty else p.default for p in taken}
    assert list(component.parameters.items()) == list(declared.items())


@pytest.mark.parametrize("name", ["study-hours", "diabetes"])
def test_given_data_are_the_same_for_every_seed(make_problem, name):
    assert make_problem(name, seed=0).fingerprint == make_problem(name, seed=99).fingerprint


def test_study_hours_are_the_tutorials_four_points(make_problem):
    problem = make_problem("study-hours")
    assert problem.X.tolist() == [[1.0], [2.0], [3.0], [4.0]]
    assert problem.y.tolist() == [[50.0], [70.0], [90.0], [85.0]]
    assert (problem.features, problem.targets) == (("hours",), ("score",))
