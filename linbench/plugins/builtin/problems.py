"""The built-in regression problems."""

from __future__ import annotations

from linbench import Component, hookimpl


@hookimpl
def linbench_problems() -> list[Component]:
    """Return the tutorial's four points, generated data, a CSV file, a classic medical data set, and NIST's."""
    return [
        Component(
            "problem",
            "study-hours",
            "linbench.plugins.builtin.study_hours_problem:study_hours",
            summary="Hours studied → score: the tutorial's four points",
        ),
        Component(
            "problem",
            "synthetic",
            "linbench.plugins.builtin.synthetic_problem:synthetic",
            summary="Gaussian data whose Hessian has exactly the condition number asked for",
            parameters={
                "n": 100,
                "d": 5,
                "condition": 100.0,
                "noise": 0.1,
                "targets": 1,
                "data_seed": None,
                "intercept": True,
            },
        ),
        Component(
            "problem",
            "csv",
            "linbench.plugins.builtin.csv_problem:csv_file",
            summary="A CSV file with a header line; csv:path=FILE,target=COLUMN",
            parameters={
                "path": "(required)",
                "target": "(required)",
                "features": None,
                "standardize": False,
                "intercept": True,
            },
        ),
        Component(
            "problem",
            "diabetes",
            "linbench.plugins.builtin.diabetes_problem:diabetes",
            summary="442 patients x 10 features (Efron et al. 2004), from scikit-learn's bundled data",
            parameters={"standardize": True},
        ),
        Component(
            "problem",
            "nist",
            "linbench.plugins.builtin.nist_problem:nist",
            summary="A linear regression of NIST's Statistical Reference Datasets; nist:set=filip",
            parameters={"set": "(required)"},
        ),
    ]
