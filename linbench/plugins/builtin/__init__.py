"""The built-in plugins, written against the public face only, exactly as a third party would."""
