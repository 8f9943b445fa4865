"""Exact predictions of gradient methods on a problem, and descriptions of runs in words beside them."""
