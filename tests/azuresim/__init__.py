"""A simulated Azure: one process, TLS on loopback, driven by YAML scenarios. See README.md."""
