"""The regression check: what a suite's runs came to, against what was committed; nothing here trains."""
