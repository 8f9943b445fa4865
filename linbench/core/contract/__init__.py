"""What an optimizer asks of the loop and the run: a `Contract`, a `RunContext`, and how its constructor is called."""
