"""What became of a run: `measurement.records` turns what an engine measured into records with a status."""
