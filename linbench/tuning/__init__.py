"""`linbench.tune`: the same number of trials for every optimizer, what they found, its table and its notes."""
