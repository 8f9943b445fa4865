"""What there is to say of a comparison: `collect.collect_notes` finds it, `words.sentence` says it."""
