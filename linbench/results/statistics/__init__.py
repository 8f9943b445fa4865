"""What runs over several seeds, problems and targets show and do not show."""
