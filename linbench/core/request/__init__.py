"""What was asked for: text becomes a `Spec`, a spec with a `Catalog` becomes choices, `make_plan` makes cases."""
