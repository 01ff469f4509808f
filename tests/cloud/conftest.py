"""The session with the simulated Azure that the tests of evidence use, too."""
from tests.evidence.conftest import identity, session  # noqa: F401
