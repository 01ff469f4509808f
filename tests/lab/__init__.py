"""A lab that breaks real software on purpose and keeps what it says. See README.md."""
