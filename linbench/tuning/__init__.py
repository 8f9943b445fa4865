"""`linbench.tune`: the same number of trials for every optimizer, their result, its table and its notes."""
