"""Lion is what its paper says, and behaves as an optimizer should."""

from collections.abc import Iterator

import pytest
import torch
from linbench_lion import Lion

from linbench.testing import Check, check_optimizer, optimizer_checks


@pytest.mark.parametrize("check", optimizer_checks())
def test_it_behaves_as_an_optimizer_should(check: Check) -> None:
    """Everything that linbench knows to ask."""
    check_optimizer("lion", check)


def by_hand(
    theta: float, gradients: list[float], lr: float, betas: tuple[float, float], decay: float
) -> Iterator[float]:
    """Algorithm 2 of the paper for one number."""
    (beta1, beta2), momentum = betas, 0.0
    for gradient in gradients:
        mixed = beta1 * momentum + (1 - beta1) * gradient
        theta -= lr * ((mixed > 0) - (mixed < 0) + decay * theta)
        momentum = beta2 * momentum + (1 - beta2) * gradient
        yield theta


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.5, 0.2), (0.0, 0.0)])
def test_every_step_is_that_of_the_papers_algorithm(betas: tuple[float, float], decay: float) -> None:
    """Against the algorithm written out for a single number."""
    gradients = [0.3, -2.0, 0.1, 0.1, 5.0, -0.2, 0.0, -7.0]
    theta = torch.nn.Parameter(torch.tensor([1.5], dtype=torch.float64))
    optimizer = Lion([theta], lr=0.1, betas=betas, weight_decay=decay)
    for gradient, expected in zip(gradients, by_hand(1.5, gradients, 0.1, betas, decay), strict=True):
        theta.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        assert theta.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("wrong", [{"lr": -1.0}, {"betas": (1.0, 0.9)}, {"betas": (0.9, -0.1)}, {"weight_decay": -0.1}])
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    """As in torch, with a ValueError that names it."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Lion([torch.nn.Parameter(torch.zeros(1))], **wrong)  # type: ignore[arg-type]
