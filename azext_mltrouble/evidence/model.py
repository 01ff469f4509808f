"""What was observed about one deployment, as plain data.

Evidence comes from a live deployment, from a bundle on disk or from log files; diagnosis cannot tell which.
"""
from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Callable, Literal

#: Kinds of text, as the batch form names them.
Where = Literal["build_log", "container_log", "deploy_error", "http_error", "state", "cli_error"]

#: Halves of surrogate pairs, which JSON can hold, but for those that stand for a byte.
_NO_BYTE = re.compile("[\ud800-\udc7f\udd00-\udfff]")

#: The stages of a deployment in the order in which they happen, then the two that cut across them.
STAGES = ("register", "image", "deploy", "launch", "scoring", "scale", "access")


@dataclass(frozen=True)
class Target:
    """What the user named.

    ``state`` is the service's or endpoint's own word for its state (``Healthy``, ``Failed``, ...); ``compute`` is
    its compute type (``ACI``, ``AKS``, ``Managed``, ``Kubernetes``). What is not known is None.
    """

    name: str | None
    kind: Literal["service", "endpoint", "log", "bundle", "vault", "template"]
    generation: Literal["v1", "v2"] | None = None
    compute: str | None = None
    workspace: str | None = None
    resource_group: str | None = None
    state: str | None = None


@dataclass(frozen=True)
class Log:
    """One text to read: ``source`` names it in a finding, ``where`` says what kind of text it is, if known.

    ``open`` gives its bytes from the start. Evidence that came through standard input can be opened only once.
    """

    source: str
    where: Where | None
    open: Callable[[], BinaryIO]

    @classmethod
    def of_text(cls, source: str, where: Where | None, text: str) -> Log:
        """A log held in memory; the bytes that were escaped when it was decoded are bytes again."""
        data = _NO_BYTE.sub("\ufffd", text).encode("utf-8", "surrogateescape")
        return cls(source, where, lambda: io.BytesIO(data))

    @classmethod
    def of_file(cls, source: str, where: Where | None, path: Path) -> Log:
        """A log on disk; opening it raises OSError as ``open`` does."""
        return cls(source, where, lambda: open(path, "rb"))


@dataclass(frozen=True)
class Observation:
    """What became of one source of evidence.

    ``collected``: it was read. ``absent``: there is no such thing for this deployment (no image object, say).
    ``unavailable``: it could not be read; ``detail`` says why and ``remedy`` which right or command would help.
    """

    source: str
    stage: str
    title: str
    status: Literal["collected", "absent", "unavailable"]
    detail: str = ""
    remedy: str = ""
    duration_ms: int = 0


@dataclass
class Evidence:
    """Everything observed about one target, already redacted.

    ``facts`` maps a source's name to its payload as Azure sent it (camelCase keys); ``redactions`` counts what was
    masked on the way in, by kind; ``collected_at`` is the time of collection (ISO-8601, UTC) or None for log files.
    """

    target: Target
    facts: dict[str, Any] = field(default_factory=dict)
    logs: list[Log] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    redactions: dict[str, int] = field(default_factory=dict)
    collected_at: str | None = None
