"""Who runs what where: `runner.run` admits cases, spreads them over engines and processes, and times their steps."""
