"""Drawing a report. Each module takes the report as a dict (the documented contract) and returns text or rows."""
