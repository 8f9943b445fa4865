"""The harness that hunts for the false sentence: every sentence and number that linbench prints, held to the truth.

`python -m benchmarks.truth --rows 10000 --seed 0`; docs/truth.md says what is held against what.
"""
