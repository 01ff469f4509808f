"""What a replica asks of a node, and what the cluster says it is short of."""
from __future__ import annotations

import re
from typing import Any

#: What the platform adds for its own containers to each replica on an attached cluster (CPU cores, GB): the scheduler's
#: message names 1.1 cores and 2.6 GB for a service that asked for 1 and 2.
_ADDED_CORES, _ADDED_GB = 0.1, 0.6
_SHORT_OF = re.compile(r"Insufficient ([\w./-]{1,60})", re.IGNORECASE)
_NEEDED = re.compile(r"more than ([\d.]{1,8}) CPU Cores and ([\d.]{1,8}) ?GB", re.IGNORECASE)


def demand(service: dict[str, Any], messages: list[str]) -> dict[str, Any] | None:
    """``{cores, gb, shortOf, sentence}``: of one replica with what the platform adds; None where none is stated.

    The messages are the cluster's errors; where one names the room that is needed, that is believed.
    """
    asked = service.get("containerResourceRequirements")
    text = "\n".join(messages)
    stated = _NEEDED.search(text)
    cores = _number(asked.get("cpu")) if isinstance(asked, dict) else None
    memory = _number(asked.get("memoryInGB")) if isinstance(asked, dict) else None
    if cores is None or memory is None:
        return None
    needed = (stated[1], stated[2]) if stated else (f"{cores + _ADDED_CORES:.4g}", f"{memory + _ADDED_GB:.4g}")
    short_of = list(dict.fromkeys(_SHORT_OF.findall(text)))
    sentence = (
        f"a replica asks for {cores:.4g} CPU and {memory:.4g} GB, with what the platform adds "
        f"{needed[0]} CPU and {needed[1]} GB free on one node"
    )
    sentence += f"; the nodes are short of {', '.join(short_of)}" if short_of else ""
    return {"cores": needed[0], "gb": needed[1], "shortOf": short_of, "sentence": sentence}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
