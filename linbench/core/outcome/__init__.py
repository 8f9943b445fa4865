"""The outcome of a run: `measurement.make_records` turns what an engine measured into records with a status."""
