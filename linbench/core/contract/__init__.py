"""An optimizer's needs: its `Contract` with the loop, the `RunContext` it may know, the call of its constructor."""
