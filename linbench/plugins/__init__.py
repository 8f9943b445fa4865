"""Plugins: the hooks, the loading of plugins, and the built-in ones."""
