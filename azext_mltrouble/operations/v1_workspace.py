"""The workspace that a command reads, and errors of its reads that say how to go on."""
from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

if TYPE_CHECKING:
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.cloud.session import Session, WorkspaceScope
    from azext_mltrouble.cloud.v1 import ModelManagement
    from azext_mltrouble.evidence.sources import Source

T = TypeVar("T")


@dataclass(frozen=True)
class OpenWorkspace:
    """A workspace that answered: where it is, and its Model Management Service."""

    session: Session
    scope: WorkspaceScope
    mms: ModelManagement

    def read(self, source: Source, work: Callable[[], T]) -> T:
        """What ``work`` reads, in the time that a read may take. Raises az's errors; a refusal names a role."""
        return _in_time(self.session, source, work)

    def read_list(self, source: Source, work: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        """As ``read``, for a list: where there is none, not even an empty one, the workspace is not the right one."""
        from azure.cli.core.azclierror import ResourceNotFoundError

        from azext_mltrouble.evidence.collect import NO_SUCH_WORKSPACE

        try:
            return self.read(source, work)
        except ResourceNotFoundError as error:
            error.set_recommendation(list(NO_SUCH_WORKSPACE))
            raise


def open_workspace(cmd: Any, resource_group_name: str | None, workspace_name: str | None) -> OpenWorkspace:
    """The workspace that the options name. Raises ResourceNotFoundError when there is none, and az's other errors."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.cloud import v1
    from azext_mltrouble.evidence import sources
    from azext_mltrouble.evidence.collect import NO_SUCH_WORKSPACE
    from azext_mltrouble.operations.live import open_session

    session, scope = open_session(cmd, resource_group_name, workspace_name)
    try:
        mms = _in_time(session, sources.WORKSPACE, lambda: v1.open_workspace(session, scope))
    except ResourceNotFoundError as error:
        raise ResourceNotFoundError(str(error), recommendation=list(NO_SUCH_WORKSPACE)) from error
    return OpenWorkspace(session, scope, mms)


@contextmanager
def advice(source: Source) -> Iterator[None]:
    """Adds to a refusal inside the block which role would help."""
    from azure.cli.core.azclierror import ForbiddenError

    try:
        yield
    except ForbiddenError as error:
        error.set_recommendation(f"Ask for the role '{source.role}' on {source.scope}: it includes {source.action}.")
        raise


def _in_time(session: Session, source: Source, work: Callable[[], T]) -> T:
    from azext_mltrouble.evidence.tasks import Task

    outcome = Task(source.title, session.timeout, work).outcome()
    with advice(source):
        if outcome.error is not None:
            raise outcome.error
    return cast("T", outcome.value)


def not_found(kind: str, name: str, scope: WorkspaceScope, known: Iterable[str], group: str) -> ResourceNotFoundError:
    """The error for a ``kind`` ("image") that is not there, with the names that come close and how to list them.

    ``group`` is the command group that lists them.
    """
    from azure.cli.core.azclierror import ResourceNotFoundError

    close = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    advice_lines = ["Did you mean " + " or ".join(f"'{one}'" for one in close) + "?"] if close else []
    where = f"-g {scope.resource_group} -w {scope.workspace}"
    advice_lines.append(f"List what there is: az ml trouble {group} list {where} -o table")
    return ResourceNotFoundError(
        f"The workspace '{scope.workspace}' has no {kind} '{name}'.", recommendation=advice_lines
    )


def split_version(name: str, version: str | None) -> tuple[str, str | None]:
    """``NAME`` and the version from ``NAME:VERSION`` or from the option.

    Raises InvalidArgumentValueError when the two contradict each other or the name is empty.
    """
    from azure.cli.core.azclierror import InvalidArgumentValueError

    base, _, own = name.partition(":")
    if not base or (":" in name and not own):
        raise InvalidArgumentValueError(
            f"--name '{name}' is no name.", recommendation="Use NAME, or NAME:VERSION for one version."
        )
    if own and version and own != version:
        raise InvalidArgumentValueError(
            f"--name '{name}' and --version '{version}' name two versions.",
            recommendation="Leave one of the two out.",
        )
    return base, own or version or None
