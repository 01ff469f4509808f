"""Fill the templates of summaries and commands. What is filled in comes from logs, so it is hostile."""
from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Callable

#: ``{name}`` or ``{name|words to use when there is no such value}``.
SLOT = re.compile(r"\{(?P<name>\w+)(?:\|(?P<otherwise>[^{}]*))?\}")
_MAX_VALUE = 160

#: Values every template may use, and what stands for them where the evidence does not name them.
TARGET_SLOTS = {
    "service": "SERVICE",
    "workspace": "WORKSPACE",
    "resource_group": "RESOURCE_GROUP",
    "image": "IMAGE",
    "registry": "REGISTRY",
    "vault": "VAULT",
    "identity": "PRINCIPAL_ID",
}


def fill_text(template: str, values: Mapping[str, str]) -> str:
    """A sentence with its values put in."""
    return _fill(template, values, _shorten)


def fill_command(template: str, values: Mapping[str, str]) -> str:
    """A command with its values put in, each quoted for a POSIX shell and never read as an option."""
    return _fill(template, values, lambda value: shlex.quote(_shorten(value).lstrip("-")))


def _fill(template: str, values: Mapping[str, str], render: Callable[[str], str]) -> str:
    def one(slot: re.Match[str]) -> str:
        name, otherwise = slot["name"], slot["otherwise"]
        value = values.get(name)
        if value:
            return render(value)
        return otherwise if otherwise is not None else TARGET_SLOTS.get(name, name.upper())

    return SLOT.sub(one, template)


def _shorten(value: str) -> str:
    value = " ".join(value.split())
    return value if len(value) <= _MAX_VALUE else value[: _MAX_VALUE - 1] + "…"
