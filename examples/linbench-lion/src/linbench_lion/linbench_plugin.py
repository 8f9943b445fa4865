"""Tells linbench about Lion; neither it nor torch is imported before it is used."""

from linbench import Component, hookimpl


@hookimpl
def linbench_optimizers() -> list[Component]:
    """One optimizer, under its authors' own parameter names."""
    return [
        Component(
            "optimizer",
            "lion",
            "linbench_lion:Lion",
            {"lr": 1e-3},
            summary="Sign of a momentum, found by program search (Chen et al. 2023)",
            parameters={"lr": 1e-4, "betas": (0.9, 0.99), "weight_decay": 0.0, "maximize": False},
        )
    ]
