"""``az ml trouble image``: the images of a workspace and the logs of their builds."""
from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import parse_qs, urlsplit

from azext_mltrouble.operations.v1_workspace import OpenWorkspace, not_found, open_workspace, split_version

if TYPE_CHECKING:
    from azext_mltrouble.evidence.redaction import Redactor
    from azext_mltrouble.evidence.spool import SpooledFile

#: States in which a build goes on.
_PENDING = ("NotStarted", "Running")
#: Characters of a log that a command returns; a larger one goes to a file.
_MOST_TEXT = 64 * 1024 * 1024
_CHUNK = 256 * 1024


def list_images(
    cmd: Any, *, name: str | None = None, workspace_name: str | None = None, resource_group_name: str | None = None
) -> list[dict[str, Any]]:
    """The images in all their versions, or those of one name; newest version first."""
    opened = open_workspace(cmd, resource_group_name, workspace_name)
    images = _images(opened, name)
    images.sort(key=lambda one: (str(one.get("name")), -_number(one.get("version"))))
    return [_shown(one) for one in images]


def show_image(
    cmd: Any,
    *,
    name: str,
    version: str | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
) -> dict[str, Any]:
    """One version of an image, by default the newest. Raises ResourceNotFoundError when there is none."""
    name, version = split_version(name, version)
    return _shown(_image(open_workspace(cmd, resource_group_name, workspace_name), name, version))


def image_log(
    cmd: Any,
    *,
    name: str | None = None,
    version: str | None = None,
    service: str | None = None,
    uri_only: bool = False,
    output_file: str | None = None,
    follow: bool = False,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    yes: bool = False,
) -> Any:
    """The build log of an image, or of the image that a service was deployed with.

    Returns its lines; with ``uri_only`` its signed address, with ``output_file`` what was written where. With
    ``follow`` the lines go to standard output and nothing is returned.
    """
    from azext_mltrouble.evidence.redaction import Redactor
    from azext_mltrouble.operations.files import make_sure_writable

    if output_file:
        make_sure_writable(Path(output_file), yes)
    image_name, image_version = split_version(name, version) if name else ("", None)
    opened = open_workspace(cmd, resource_group_name, workspace_name)
    build = _build_of_service(opened, service) if service else _build_of_image(opened, image_name, image_version)
    redactor = Redactor()
    if follow:
        from azext_mltrouble.operations.following import show

        show(_growth(opened, build, redactor))
        return None
    if uri_only:
        return _address(build)
    lines = _lines(opened, build, redactor)
    described = {"source": build.title, "name": build.name, "version": build.version, "state": build.state}
    if output_file:
        return {**described, **_written(lines, Path(output_file))}
    return {**described, **_kept(lines)}


def image_names(cmd: Any, resource_group_name: str | None, workspace_name: str | None) -> list[str]:
    """The names of all images of the workspace, sorted."""
    found = _images(open_workspace(cmd, resource_group_name, workspace_name))
    return sorted({str(one.get("name")) for one in found})


@dataclass(frozen=True)
class _Build:
    """A build as it is now; ``address`` is the signed one of its log, ``again`` asks for all of this anew."""

    title: str
    name: str
    version: str | None
    state: str
    address: str | None
    again: Callable[[], _Build]


def _build_of_image(opened: OpenWorkspace, name: str, version: str | None) -> _Build:
    image = _image(opened, name, version)
    own, address = image.get("version"), image.get("imageBuildLogUri")
    return _Build(
        title=f"build log of the image {name}:{own}",
        name=name,
        version=str(own),
        state=str(image.get("creationState")),
        address=str(address) if address else None,
        again=lambda: _build_of_image(opened, name, str(own)),  # this version, also when a newer one comes
    )


def _build_of_service(opened: OpenWorkspace, name: str) -> _Build:
    """The build of a service's own image, or where it has none (deployed with an environment) its operation's."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources
    from azext_mltrouble.operations.service import read_service

    service = read_service(opened, name)
    image_id = service.get("imageId")
    if image_id:
        image_name, _, version = str(image_id).partition(":")
        return _build_of_image(opened, image_name, version or None)
    operation_id = service.get("operationId")
    if not operation_id:
        raise ResourceNotFoundError(
            f"The service '{name}' names neither an image nor an operation that built one.",
            recommendation=f"See what else is known about it: az ml trouble diagnose -n {name}",
        )
    operation = opened.read(sources.OPERATION, lambda: opened.mms.operation(str(operation_id)))
    address = operation.get("operationLog")
    return _Build(
        title=f"build log of the service {name}",
        name=name,
        version=None,
        state=str(operation.get("state")),
        address=str(address) if address else None,
        again=lambda: _build_of_service(opened, name),
    )


def _address(build: _Build) -> str:
    """Raises ResourceNotFoundError when the build has no log."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    if build.address:
        return build.address
    waiting = build.state in _PENDING
    raise ResourceNotFoundError(
        f"There is no {build.title} yet: the build is {build.state}."
        if waiting
        else f"There is no {build.title}: Azure names no address for it (state {build.state}).",
        recommendation="Wait for it: add --follow."
        if waiting
        else "An image that was registered from elsewhere, or built long ago, has none: build it again for a log.",
    )


def _download(opened: OpenWorkspace, build: _Build, start: int = 0) -> SpooledFile:
    """The log from byte ``start`` on, in a private file. An address that has expired is asked for once more."""
    from azure.cli.core.azclierror import ForbiddenError, ResourceNotFoundError

    from azext_mltrouble.evidence import sources

    try:
        try:
            return _spooled(opened, build, start)
        except ForbiddenError:
            return _spooled(opened, build.again(), start)
    except ForbiddenError as error:
        raise ForbiddenError(
            str(error),
            recommendation=[
                "Azure ML has just signed this address anew and storage still refuses it. When it has expired all the "
                "same, the storage account's key was probably changed: az ml workspace sync-keys",
                "If the storage account admits only its own network, run the command from there.",
            ],
        ) from error
    except ResourceNotFoundError as error:
        if build.address:
            error.set_recommendation(sources.BUILD_LOG.if_missing)
        raise


def _spooled(opened: OpenWorkspace, build: _Build, start: int) -> SpooledFile:
    from azure.cli.core.azclierror import FileOperationError

    from azext_mltrouble.cloud import blob
    from azext_mltrouble.evidence.spool import Spool
    from azext_mltrouble.evidence.tasks import Task

    address, title = _address(build), f"the {build.title}"
    file = Spool().file("build.log")
    download = Task(
        title, opened.session.timeout, lambda: file.write(blob.download(opened.session, address, title, start))
    )
    error = download.outcome().error
    if isinstance(error, OSError):
        raise FileOperationError(
            f"{build.title.capitalize()}: it could not be kept in a temporary file ({error}).",
            recommendation="Make room for temporary files, or let TMPDIR name a folder that has some.",
        ) from error
    if error is not None:
        raise error
    return file


def _chunks(file: SpooledFile) -> Iterator[bytes]:
    with file.open() as stream:
        while chunk := stream.read(_CHUNK):
            yield chunk


def _lines(opened: OpenWorkspace, build: _Build, redactor: Redactor) -> Iterator[str]:
    from azext_mltrouble.operations.log_text import safe_lines

    return safe_lines(_chunks(_download(opened, build)), redactor)


def _kept(lines: Iterator[str]) -> dict[str, Any]:
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > _MOST_TEXT:
            return {"lines": kept, "complete": False}
        kept.append(line)
    return {"lines": kept, "complete": True}


def _written(lines: Iterator[str], path: Path) -> dict[str, Any]:
    from azure.cli.core.azclierror import FileOperationError

    count = 0
    try:
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            for line in lines:
                file.write(f"{line}\n")
                count += 1
    except OSError as error:
        raise FileOperationError(
            f"'{path}' could not be written: {error.strerror or error}.",
            recommendation="Name another file with --output-file.",
        ) from error
    return {"path": str(path.resolve()), "lineCount": count}


def _growth(opened: OpenWorkspace, build: _Build, redactor: Redactor) -> Iterator[list[str]]:
    """What the log has, then what comes to it, until the build has ended."""
    import codecs

    from azext_mltrouble.operations.following import logger, looks
    from azext_mltrouble.operations.log_text import GrowingText

    if not build.address and build.state not in _PENDING:
        _address(build)
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    text, position = GrowingText(redactor), 0
    for now in looks(build.again, build.title):
        chunk = _available(opened, now, position)
        position += len(chunk)
        yield text.more(decode(chunk))
        if now.state not in _PENDING:
            yield text.rest()
            if now.state == "Failed":
                logger.warning("The build has failed. To find out why: az ml trouble diagnose -n %s", now.name)
            return


def _available(opened: OpenWorkspace, build: _Build, start: int) -> bytes:
    """What the log has from byte ``start`` on; nothing where it has not begun."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    try:
        return b"".join(_chunks(_download(opened, build, start)))
    except ResourceNotFoundError:
        if build.state in _PENDING:
            return b""
        raise


def _images(opened: OpenWorkspace, name: str | None = None) -> list[dict[str, Any]]:
    from azext_mltrouble.evidence import sources

    return opened.read_list(sources.IMAGE, lambda: opened.mms.images(name))


def _image(opened: OpenWorkspace, name: str, version: str | None) -> dict[str, Any]:
    """One version, by default the newest. Raises ResourceNotFoundError when there is none."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources

    image: dict[str, Any] | None = None
    with suppress(ResourceNotFoundError):
        image = opened.read(
            sources.IMAGE,
            lambda: opened.mms.image(f"{name}:{version}") if version else opened.mms.newest_image(name),
        )
    if image:
        return image
    known = [str(one.get("id") if version else one.get("name")) for one in _images(opened)]
    raise not_found("image", f"{name}:{version}" if version else name, opened.scope, known, "image")


def _shown(image: dict[str, Any]) -> dict[str, Any]:
    """The image as Azure sends it, without secrets, and whether its build log is at hand."""
    from azext_mltrouble.evidence.redaction import Redactor

    return {**Redactor().payload(image), "buildLog": _log_state(image.get("imageBuildLogUri"))}


def _log_state(address: Any) -> str:
    """``available``, ``expired`` by the time that the address itself says, or ``none``."""
    if not address:
        return "none"
    expiry = parse_qs(urlsplit(str(address)).query).get("se", [""])[0]
    try:
        until = datetime.fromisoformat(re.sub("Z$", "+00:00", expiry))
    except ValueError:
        return "available"
    if until.tzinfo is None:
        until = until.replace(tzinfo=timezone.utc)
    return "expired" if until < datetime.now(timezone.utc) else "available"


def _number(version: Any) -> int:
    return int(version) if str(version).isdecimal() else -1
