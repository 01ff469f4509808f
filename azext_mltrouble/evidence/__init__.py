"""What was observed: the evidence model, the collectors that fill it, redaction, and the bundle on disk."""
