"""``az ml trouble collect``: the evidence, redacted, as one zip."""
from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.files import make_sure_writable

if TYPE_CHECKING:
    from azext_mltrouble.evidence.model import Evidence


def collect(
    cmd: Any,
    *,
    name: str,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    generation: str | None = None,
    output_file: str | None = None,
    yes: bool = False,
) -> dict[str, Any]:
    """Writes the evidence about one deployment to a zip. Returns where it is and what it holds."""
    from azext_mltrouble.evidence.bundle import write_bundle
    from azext_mltrouble.operations.live import evidence_of_one

    path = Path(output_file) if output_file else _default_path(name)
    make_sure_writable(path, yes)
    evidence = evidence_of_one(cmd, resource_group_name, workspace_name, name, generation)
    write_bundle(evidence, path)
    return _summary(evidence, path)


def _default_path(name: str) -> Path:
    return Path(f"{name}-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.zip")


def _summary(evidence: Evidence, path: Path) -> dict[str, Any]:
    sources: dict[str, list[Any]] = {"collected": [], "absent": [], "unavailable": []}
    for one in evidence.observations:
        described = {"source": one.source, "detail": one.detail, "remedy": one.remedy}
        sources[one.status].append(described if one.status == "unavailable" else one.source)
    return {
        "path": str(path.resolve()),
        "sizeBytes": path.stat().st_size,
        **sources,
        "redactions": dict(evidence.redactions),
    }
