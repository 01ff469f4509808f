"""What the commands do: name the target, collect, diagnose, return a dict. One module per command group."""
