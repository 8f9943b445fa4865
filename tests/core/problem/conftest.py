"""Least squares in exact fractions, to measure the solver by, and problems without an intercept."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest

from linbench import Problem


def product(A, B):
    columns = list(zip(*B, strict=True))
    return [[sum(a * b for a, b in zip(row, column, strict=True)) for column in columns] for row in A]


def transposed(A):
    return [list(column) for column in zip(*A, strict=True)]


def difference(A, B):
    return [[a - b for a, b in zip(*rows, strict=True)] for rows in zip(A, B, strict=True)]


def fractions(table):
    return [[Fraction(value) for value in row] for row in np.asarray(table).tolist()]


def reduced(A):
    """The rows of the reduced row echelon form that are not zero, and the columns of their leading ones."""
    rows, leading = [list(row) for row in A], []
    for column in range(len(A[0])):
        done = len(leading)
        chosen = next((i for i in range(done, len(rows)) if rows[i][column] != 0), None)
        if chosen is None:
            continue
        rows[done], rows[chosen] = rows[chosen], rows[done]
        rows[done] = [value / rows[done][column] for value in rows[done]]
        for i in set(range(len(rows))) - {done}:
            rows[i] = [a - rows[i][column] * b for a, b in zip(rows[i], rows[done], strict=True)]
        leading.append(column)
    return rows[: len(leading)], leading


def solved(A, B):
    """A⁻¹B of a square matrix."""
    rows, _ = reduced([[*a, *b] for a, b in zip(A, B, strict=True)])
    return [row[len(A) :] for row in rows]


@dataclasses.dataclass(frozen=True)
class Exact:
    """The optimum of minimum norm, (p, m), its cost, the rank, and the design, all in fractions."""

    theta: list
    cost: Fraction
    rank: int
    design: list
    y: list

    def gap(self, theta):
        """The cost at other parameters, (p, m) in float64, above that of the optimum."""
        distance = [
            [Fraction(a) - b for a, b in zip(*rows, strict=True)] for rows in zip(theta, self.theta, strict=True)
        ]
        moved = product(self.design, distance)
        return sum(value**2 for row in moved for value in row) / (len(self.y) * len(self.y[0]))


@pytest.fixture(scope="session")
def solve_in_fractions():
    """A function of a design (n, p), ones included, and y (n, m): their `Exact` answer.

    With A = BC of full rank, the optimum is Cᵀ(CCᵀ)⁻¹(BᵀB)⁻¹Bᵀy; C is the reduced form of AᵀA.
    """

    def solve(design, y):
        A, y = fractions(design), fractions(y)
        C, leading = reduced(product(transposed(A), A))
        B = [[row[column] for column in leading] for row in A]
        fit = solved(product(transposed(B), B), product(transposed(B), y))
        theta = product(transposed(C), solved(product(C, transposed(C)), fit))
        cost = sum(value**2 for row in difference(product(A, theta), y) for value in row) / (len(y) * len(y[0]))
        return Exact(theta, cost, len(leading), A, y)

    return solve


@pytest.fixture(scope="session")
def pose():
    """A function of X, y and whether there is an intercept: a problem."""

    def make(X, y, intercept=True):
        return Problem(X, y, intercept=intercept)

    return make
