"""Whether a step takes longer than it did: `measure` decides it from ratios taken in fresh processes."""
