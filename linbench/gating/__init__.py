"""`linbench gate` and the pytest fixture: run a suite, and hold what comes out against what was committed."""
