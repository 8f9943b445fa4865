"""The other half of the gate: whether a step takes longer than it did, as a ratio inside one process."""
