"""The regression check, whole: a suite held against what was committed, by `convergence` and `timing/`."""
