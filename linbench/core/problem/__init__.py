"""The data and their exact answer: a `Problem`, its `Solution`, and the `Workbench` that keeps what cases share."""
