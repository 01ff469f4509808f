"""Azure, as far as this project needs it. Returns plain dicts and dataclasses; raises az's own error classes."""
