"""Checks of optimizers, one small claim each; `linbench.testing` is their public face."""
