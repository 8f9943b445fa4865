"""Records kept in one SQLite file, written as they are made; docs/store.md is its description."""

from linbench.core.store.store import Store

__all__ = ["Store"]
