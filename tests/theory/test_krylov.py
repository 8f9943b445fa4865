"""The Krylov limit: against the polynomials themselves in high precision, and no method of gradients beats it."""

import mpmath
import pytest

import linbench
from linbench.theory.krylov import krylov_epochs, krylov_gaps
from linbench.theory.predictions import predict


def best_polynomials(curvatures, gaps, digits=200):
    """min Σ g_i·p(λ_i)² over p of degree k with p(0) = 1, by the normal equations in so many digits."""
    with mpmath.workdps(digits):
        for degree in range(len(set(curvatures)) + 1):
            moments = [sum(g * mpmath.mpf(c) ** k for c, g in zip(curvatures, gaps, strict=True)) for k in range(50)]
            if degree == 0:
                yield float(moments[0])
                continue
            matrix = mpmath.matrix(degree, degree)
            for i in range(degree):
                for j in range(degree):
                    matrix[i, j] = moments[i + j + 2]
            right = mpmath.matrix([-moments[i + 1] for i in range(degree)])
            solution = mpmath.lu_solve(matrix, right)
            yield float(moments[0] + sum(moments[i + 1] * solution[i] for i in range(degree)))


@pytest.mark.parametrize("condition", [1.5, 1e2, 1e6, 1e8, 1e10])
@pytest.mark.parametrize("count", [1, 2, 6, 15])
def test_the_least_gaps_are_those_of_the_best_polynomials(condition, count):
    curvatures = [condition ** (-i / max(count - 1, 1)) for i in range(count)]
    gaps = [10.0 ** (-(i % 4)) for i in range(count)]
    for found, expected in zip(krylov_gaps(curvatures, gaps), best_polynomials(curvatures, gaps), strict=False):
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("condition", [1e12, 1e18, 1e24, 1e30])
@pytest.mark.parametrize("count", [2, 3, 7])
def test_the_least_gaps_are_right_beyond_what_float64_tells_apart(condition, count):
    curvatures = [condition ** (-i / (count - 1)) for i in range(count)]
    gaps = [1.0 + i % 3 for i in range(count)]
    found, expected = list(krylov_gaps(curvatures, gaps)), list(best_polynomials(curvatures, gaps, 1200))
    assert len(found) == len(expected) == count + 1
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-100)


def test_two_curvatures_of_which_one_is_rounding_beside_the_other_take_two_epochs():
    assert krylov_epochs([1e-24, 1.0], [1.0, 1.0], 1e-3) == 2


def test_repeated_curvatures_take_one_epoch():
    assert krylov_epochs([2.0, 2.0, 2.0], [1.0, 2.0, 3.0], 1e-12) == 1


@pytest.fixture(scope="module")
def synthetic(catalog):
    return lambda **params: catalog.find("problem", "synthetic").resolve()(0, **params)


@pytest.mark.parametrize("condition", [1, 10, 100, 1e4, 1e6])
@pytest.mark.parametrize(("d", "targets"), [(1, 1), (5, 1), (20, 1), (5, 3)])
def test_the_optimizer_takes_as_many_epochs_as_predicted(synthetic, condition, d, targets):
    problem = synthetic(condition=condition, d=d, targets=targets)
    (record,) = linbench.compare(
        "krylov-limit", "manual", problems=problem, epochs=2 * (d + 1), dtype="float64", timing=False
    )
    assert abs(record.epochs_to_target - predict(record.theory, 1e-6).krylov_limit) <= 1
    assert record.relative_gap < 1e-20


def test_the_krylov_limit_ends_at_the_optimum_where_that_is_not_unique():
    problem = linbench.Problem([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], [2.0, 4.0, 7.0])
    (record,) = linbench.compare("krylov-limit", "manual", problems=problem, epochs=50, dtype="float64", timing=False)
    assert (record.epochs_to_target, record.theory.rank) == (2, 2)
    assert record.weight == [[pytest.approx(w[0], rel=1e-9)] for w in record.theory.weight]


def test_gradients_without_a_graph_are_refused():
    import torch

    from linbench.plugins.builtin.krylov_limit import KrylovLimit

    parameter = torch.ones(2, requires_grad=True)
    parameter.square().sum().backward()
    with pytest.raises(RuntimeError, match="create_graph=True"):
        KrylovLimit([parameter]).step()


# Those that scale by coordinate (Adam and its kin) leave the span of the gradients, and the limit is no theorem for
# them; here they do not get there any sooner. L-BFGS does several of its iterations in a step unless told otherwise.
@pytest.mark.parametrize("condition", [30, 1e4])
def test_no_built_in_optimizer_beats_it_at_any_lr(catalog, synthetic, condition):
    problem = synthetic(condition=condition, d=8)
    limit = predict(linbench.solve(problem).theory, 1e-6).krylov_limit
    names = [name for name in catalog.names("optimizer") if "/" not in name and name not in ("krylov-limit", "lbfgs")]
    specs = [*names, "lbfgs:max_iter=1", "sgd:momentum=[0.3,0.6,0.9]", "sgd:momentum=[0.3,0.6,0.9],nesterov=True"]
    result = linbench.compare(
        specs, "manual", problems=problem, lr="1e-2..3@20", epochs=limit - 1, dtype="float64", timing=False
    )
    assert len(result) >= 20 * len(specs)
    assert [record for record in result if record.status in ("converged", "error")] == []
