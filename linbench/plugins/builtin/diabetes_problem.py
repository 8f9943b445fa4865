"""The diabetes data of Efron, Hastie, Johnstone and Tibshirani, Least Angle Regression, 2004."""

from __future__ import annotations

from linbench import Problem, ProblemError
from linbench.plugins.builtin.parameter_checks import check_bools
from linbench.plugins.builtin.standardize import standardize_features


def diabetes(seed: int, standardize: bool = True) -> Problem:  # noqa: ARG001  the same data for every seed
    """Return 442 patients x 10 features → disease progression after a year, as in scikit-learn, in the raw units.

    standardize: shift and scale each feature to mean 0 and standard deviation 1 (the raw ones have κ ≈ 5e7).
    Raises ProblemError where scikit-learn is not installed, and for a standardize that is not a bool.
    """
    check_bools("diabetes", {"standardize": standardize})
    try:
        from sklearn.datasets import load_diabetes
    except ImportError:
        raise ProblemError("problem 'diabetes' needs scikit-learn: pip install 'linbench[diabetes]'") from None
    data = load_diabetes(scaled=False)
    X, y = data.data.tolist(), [[value] for value in data.target.tolist()]
    if standardize:
        return standardize_features(X, y, list(data.feature_names), ["progression"], where="diabetes")
    return Problem(X, y, list(data.feature_names), ["progression"])
