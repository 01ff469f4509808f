"""Names, states and messages as they may be shown: whoever may write them must not control the user's terminal."""
from __future__ import annotations

import re
from typing import Any

#: Terminal sequences: control sequences, control strings such as window titles, two-byte escapes.
_SEQUENCE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]"
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\n]*(?:\x07|\x1b\\\\)?"
    "|\x1b[ -/]*[0-~]?"
)
#: Control characters but for line ends and tabs, then invisible and direction-changing characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def printable(payload: Any) -> Any:
    """A copy of a JSON payload whose strings, keys too, hold nothing that a terminal would act on."""
    if isinstance(payload, str):
        return _UNPRINTABLE.sub("", _SEQUENCE.sub("", payload))
    if isinstance(payload, dict):
        return {printable(name): printable(value) for name, value in payload.items()}
    if isinstance(payload, list):
        return [printable(item) for item in payload]
    return payload
