"""What is wrong with the figures or the traffic a user gave."""
from __future__ import annotations


class AutoscaleInputError(ValueError):
    """Figures or traffic that no recommendation can be made from.

    ``what`` is wrong, ``why`` it cannot be used, and ``how`` to put it right: one sentence each.
    """

    def __init__(self, what: str, why: str, how: str) -> None:
        super().__init__(f"{what} {why}")
        self.what = what
        self.why = why
        self.how = how
