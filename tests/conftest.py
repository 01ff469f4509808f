"""Fixtures that all tests may use."""
from tests.azuresim.fixtures import az, azure  # noqa: F401
