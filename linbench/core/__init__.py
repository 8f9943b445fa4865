"""The harness, from a request to records: ask `running.runner.run` for the records of a plan."""
