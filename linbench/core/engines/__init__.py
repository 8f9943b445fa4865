"""Engines run cases: `serial` is the plain loop and the reference, `batched` runs many cases as one tensor program."""
