"""Which of an entry's commands fit the deployment at hand."""
from __future__ import annotations

import re
from collections.abc import Iterable

#: Commands of the ml extension about things that only the second generation has.
_ONLY_V2 = re.compile(
    r"az ml ((online|batch)-\w+|environment|model|job|component|data|registry)\b|az extension \w+ --name ml\b"
)


def commands_for(generation: str | None, commands: Iterable[str]) -> list[str]:
    """``commands`` without those that cannot work on a deployment of this generation (v1, v2, None: not known)."""
    return [command for command in commands if not (generation == "v1" and _ONLY_V2.match(command))]
