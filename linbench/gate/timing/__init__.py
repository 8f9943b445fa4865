"""The check of step times: `check` decides which steps take longer, from ratios that fresh processes measure."""
