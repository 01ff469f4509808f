"""What became of each source, in words: why it could not be read, and which right or command would help."""
from __future__ import annotations

from azure.cli.core.azclierror import AzCLIError, ForbiddenError, ResourceNotFoundError

from azext_mltrouble.evidence.model import Observation
from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.evidence.sources import BUILD_LOG, Source
from azext_mltrouble.evidence.tasks import Absent, Blocked, Outcome


def observations_of(outcomes: list[tuple[Source, Outcome, str]], redactor: Redactor) -> list[Observation]:
    """One observation for each source; the text beside its outcome is for one that was read."""
    return [_observation(source, outcome, note, redactor) for source, outcome, note in outcomes]


def _observation(source: Source, outcome: Outcome, note: str, redactor: Redactor) -> Observation:
    error = outcome.error
    if error is None:
        return Observation(source.id, source.stage, source.title, "collected", note, "", outcome.duration_ms)
    detail = redactor.text(str(error) or type(error).__name__)
    if isinstance(error, Absent):
        return Observation(source.id, source.stage, source.title, "absent", detail, "", outcome.duration_ms)
    if isinstance(error, OSError):
        detail = f"{source.title}: it could not be kept in a temporary file ({detail})"
    elif not isinstance(error, (AzCLIError, Blocked)):
        detail = f"{source.title}: the answer was not as expected ({type(error).__name__}: {detail})"
    remedy = redactor.text(_remedy(source, error))
    return Observation(source.id, source.stage, source.title, "unavailable", detail, remedy, outcome.duration_ms)


def _remedy(source: Source, error: Exception) -> str:
    if source is BUILD_LOG and isinstance(error, ForbiddenError):
        return (
            "Run the command again: Azure ML signs a new address each time it is asked for the image. If the storage "
            "account admits only its own network, run it from there."
        )
    if isinstance(error, ForbiddenError):
        said = [str(one) for one in error.recommendations]
        return " ".join([f"Ask for the role '{source.role}' on {source.scope}: it includes {source.action}.", *said])
    if isinstance(error, ResourceNotFoundError) and source.if_missing:
        return source.if_missing
    if isinstance(error, OSError):
        return "Make room for temporary files, or let TMPDIR name a folder that has some."
    return " ".join(str(one) for one in error.recommendations) if isinstance(error, AzCLIError) else ""
