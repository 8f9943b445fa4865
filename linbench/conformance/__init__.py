"""What holds for every well-behaved optimizer, one small check each; `linbench.testing` is its public face."""
