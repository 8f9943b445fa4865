"""Statistics of runs over several seeds, problems and targets, and the claims that they allow."""
