"""Make a log say nothing of the machine that produced it, and nothing else.

Only names of places are replaced, each by the name that it would have in a container; wording is never touched:

- the case's working directory            -> /var/azureml-app
- the environment's prefix                -> /opt/venv (or what the producer says)
- the prefix of the Python it came from   -> /usr/local
- the home directory of who runs it       -> /home/dockeruser
- addresses of the lab's own servers      -> what the producer says (pypi.example, contosoml.azurecr.io, ...)
- the hosts of public package indexes     -> pypi.example (lines that show the machine's own pip settings are dropped)
- the hosts of public conda channels      -> conda.example
- the name server                         -> 168.63.129.16
- this machine's host name                -> node-0
"""

from __future__ import annotations

import re
import socket
from pathlib import Path

from pip._internal.models.index import PyPI, TestPyPI

#: A log longer than this keeps its head and its tail; a marker line says how many lines are gone.
MOST_LINES = 400
HEAD_LINES = 150
TAIL_LINES = 250

PUBLIC_INDEXES = [host for index in (PyPI, TestPyPI) for host in (index.netloc, index.file_storage_domain)]
INDEX_HOST = re.compile("|".join(rf"\b{re.escape(host)}\b" for host in sorted(PUBLIC_INDEXES, key=len, reverse=True)))
CHANNEL_HOST = re.compile(r"\b(?:(?:repo|conda|www)\.anaconda\.com|(?:conda\.)?anaconda\.org)\b")
NAME_SERVER = re.compile(r"(?<= on )\d+(?:\.\d+){3}(?=:53\b)")
LOCAL_SETTINGS = re.compile(
    r"^.*(?:Location 'file://|Looking in links:|Looking in indexes:.*file://).*\n", re.MULTILINE
)


def normalise(text: str, places: dict[str, str]) -> str:
    """``text`` with every key of ``places`` replaced by its value, longest first, and cut to a bounded length."""
    for place in sorted(places, key=len, reverse=True):
        text = text.replace(place, places[place])
    text = text.replace(f"{Path.home()}/", "/home/dockeruser/")
    text = LOCAL_SETTINGS.sub("", text)
    text = INDEX_HOST.sub("pypi.example", text)
    text = CHANNEL_HOST.sub("conda.example", text)
    text = NAME_SERVER.sub("168.63.129.16", text)
    host = socket.gethostname()
    text = re.sub(rf"(?<=[@ '\"=]){re.escape(host)}(?=[ :'\",]|$)", "node-0", text) if len(host) > 2 else text
    return trim(text)


def trim(text: str) -> str:
    """The head and the tail of a long text."""
    lines = text.splitlines(keepends=True)
    if len(lines) <= MOST_LINES:
        return text
    gone = len(lines) - HEAD_LINES - TAIL_LINES
    return "".join([*lines[:HEAD_LINES], f"[... {gone} lines left out ...]\n", *lines[-TAIL_LINES:]])
