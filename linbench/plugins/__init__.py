"""Plugins: the hooks, how they are loaded, and the built-in ones."""
