"""What runs over several seeds, problems and targets do and do not show; pure functions of records and plain numbers.

Nothing here is imported before it is asked for: numpy and scipy are slow to import.
"""
