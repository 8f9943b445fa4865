"""The regression check, whole: a suite against its committed baseline, by `convergence` and `timing/`."""
