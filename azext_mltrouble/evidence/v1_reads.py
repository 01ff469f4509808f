"""What is read about a v1 deployment, and what each read needs first.

    workspace ─┬─ discovery ── service ─┬─ operation ┐
               │             ├─ logs    ├─ image ────┴─ build log
               ├─ key vault ── history  ├─ models
               └─ registry   groups ────┴─ container group

Each level costs one round trip; everything on a level runs at once.
"""
from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Callable

from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError

from azext_mltrouble.cloud import arm, blob, registry, v1
from azext_mltrouble.cloud.session import Session, WorkspaceScope
from azext_mltrouble.evidence import sources
from azext_mltrouble.evidence.model import Log
from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.evidence.sources import Source
from azext_mltrouble.evidence.spool import ChunkReader, Spool
from azext_mltrouble.evidence.tasks import Absent, Blocked, Outcome, Partial, Task
from azext_mltrouble.evidence.vault_reads import VaultReads, field, identity_of

#: Lines of a container's log, as many as azureml-core asks for.
_TAIL = 5000
_FRONT_END = "azureml-fe-aci"
#: Models of one deployment that are looked up; no deployment in practice has as many.
_MOST_MODELS = 20


class Reads:
    """The reads that every v1 target has: workspace, addresses, key vault, registry."""

    def __init__(self, session: Session, scope: WorkspaceScope, name: str, redactor: Redactor) -> None:
        self.scope = scope
        self.name = name
        self._session = session
        self._redactor = redactor
        self.workspace = self._read("the workspace", lambda: arm.workspace(session, scope))
        self._mms = self._read(
            "the addresses of its services", lambda found: v1.discover(session, scope, found), self.workspace
        )
        self._vault = VaultReads(session, self.workspace)
        self._registry = self._read("the container registry", self._read_registry, self.workspace)

    def _read(self, name: str, work: Callable[..., Any], *needs: Task, after: tuple[Task, ...] = ()) -> Task:
        return Task(name, self._session.timeout, work, needs, after)

    def services(self) -> list[dict[str, Any]]:
        """All services of the workspace. Raises AzCLIError."""
        found: list[dict[str, Any]] = self._mms.value().services()
        return found

    def facts(self) -> dict[str, Any]:
        """The payloads by the names that the evidence knows them under; None where there is none."""
        workspace = self.workspace.outcome().value
        return {
            "workspace": workspace,
            "identity": identity_of(workspace),
            **self._vault.facts(),
            "registry": self._registry.outcome().value,
        }

    def logs(self) -> list[Log]:
        """The texts to read, redacted."""
        return []

    def outcomes(self) -> list[tuple[Source, Outcome, str]]:
        """What became of each source, and a remark on those that were read."""
        return [
            (sources.WORKSPACE, self.workspace.outcome(), ""),
            (sources.DISCOVERY, self._mms.outcome(), ""),
            *self._vault.outcomes(),
            (sources.REGISTRY, self._registry.outcome(), ""),
        ]

    def _read_registry(self, workspace: dict[str, Any]) -> dict[str, Any]:
        registry_id = field(workspace, "properties", "containerRegistry")
        if not registry_id:
            raise Absent("The workspace has no container registry yet; the first image makes one.")
        return registry.registry(self._session, str(registry_id))

    def _download_build_log(self, address: str) -> Log:
        """The build log, redacted on its way to a private file; Partial when it breaks off."""
        file = Spool().file("build.log")
        log = Log("image build log", "build_log", file.open)
        try:
            chunks = blob.download(self._session, address, "the image build log")
            file.write(self._redactor.stream(ChunkReader(chunks)))  # type: ignore[arg-type]
        except (AzCLIError, OSError) as error:
            if file.size:
                raise Partial(log, error) from error
            raise
        return log

    def _error_log(self, name: str, payload: Any) -> list[Log]:
        """A payload's error as a text, as Azure words it; nothing if it has none."""
        error = field(payload, "error") or field(payload, "deploymentStatus", "error")
        if not error:
            return []
        text = json.dumps(self._redactor.payload(error), indent=2, ensure_ascii=False)
        return [Log.of_text(name, "deploy_error", text)]

    def _text_log(self, name: str, text: str) -> list[Log]:
        return [Log.of_text(name, "container_log", self._redactor.text(text))] if text.strip() else []


class ServiceReads(Reads):
    """The reads about a web service; they begin at once, also those that turn out not to be needed."""

    def __init__(
        self, session: Session, scope: WorkspaceScope, name: str, redactor: Redactor, *, endpoint: bool
    ) -> None:
        """``endpoint``: see whether there is an online endpoint (v2) of this name, too."""
        super().__init__(session, scope, name, redactor)
        self.groups = self._read("the container groups", lambda: arm.container_groups(session, scope))
        self.endpoint = (
            self._read("the online endpoint", lambda: arm.online_endpoint(session, scope, name)) if endpoint else None
        )
        self.service = self._read("the service", lambda mms: mms.service(name), self._mms)
        self._log = self._read("the container log", lambda mms: mms.service_log(name, False, _TAIL), self._mms)
        self._init_log = self._read("the init container log", lambda mms: mms.service_log(name, True, _TAIL), self._mms)
        self._operation = self._read("the operation", self._read_operation, self._mms, self.service)
        self._image = self._read("the image", self._read_image, self._mms, self.service)
        self._versions = self._read("the image's versions", self._read_versions, self._mms, self.service)
        self._models = self._read("the models", self._read_models, self._mms, self.service)
        self._group = self._read("the container group", self._read_group, after=(self.service, self.groups))
        self._front_end_log = self._read(
            "the front-end log", self._read_front_end_log, after=(self.service, self.groups)
        )
        self._build_log = self._read("the image build log", self._read_build_log, self.service)

    def facts(self) -> dict[str, Any]:
        service = self.service.outcome().value
        is_environment = not _image_id(service) and field(service, "environmentImageRequest") is not None
        image = self._image.outcome().value
        return {
            "service": service,
            "operation": self._operation.outcome().value,
            "image": None if is_environment else image,
            "environmentImage": image if is_environment else None,
            "images": self._versions.outcome().value,
            "models": self._models.outcome().value,
            "containerGroup": self._group.outcome().value,
            **super().facts(),
        }

    def logs(self) -> list[Log]:
        build_log = self._build_log.outcome().value
        return [
            *self._error_log("service error", self.service.outcome().value),
            *self._error_log("operation error", self._operation.outcome().value),
            *self._error_log("image error", self._image.outcome().value),
            *([build_log] if build_log else []),
            *self._text_log("container log", self._log.outcome().value or ""),
            *self._text_log("init container log", self._init_log.outcome().value or ""),
            *self._text_log("front-end log", self._front_end_log.outcome().value or ""),
        ]

    def outcomes(self) -> list[tuple[Source, Outcome, str]]:
        log, init_log = self._log.outcome(), self._init_log.outcome()
        return [
            (sources.SERVICE, self.service.outcome(), ""),
            (sources.OPERATION, self._operation.outcome(), ""),
            (sources.IMAGE, self._image.outcome(), _versions_note(self._versions.outcome().value)),
            (sources.IMAGE_VERSIONS, self._versions.outcome(), ""),
            (sources.BUILD_LOG, self._build_log.outcome(), ""),
            (sources.MODELS, self._models.outcome(), _models_note(self._models.outcome().value)),
            (sources.CONTAINER_LOG, log, "" if log.value else "The container has written nothing."),
            (sources.INIT_CONTAINER_LOG, init_log, "" if init_log.value else "The init container has written nothing."),
            (sources.CONTAINER_GROUP, self._group.outcome(), ""),
            (sources.FRONT_END_LOG, self._front_end_log.outcome(), ""),
            *self._endpoint_outcome(),
            *super().outcomes(),
        ]

    def _endpoint_outcome(self) -> list[tuple[Source, Outcome, str]]:
        """Worth a word only where it is not known whether the name is in use in v2 as well."""
        outcome = self.endpoint.outcome() if self.endpoint else None
        if outcome is None or outcome.error is None or isinstance(outcome.error, ResourceNotFoundError):
            return []
        return [(sources.ONLINE_ENDPOINT, outcome, "")]

    def _read_operation(self, mms: v1.ModelManagement, service: dict[str, Any]) -> dict[str, Any]:
        operation_id = field(service, "operationId")
        if not operation_id:
            raise Absent("The service names no operation.")
        return mms.operation(str(operation_id))

    def _read_image(self, mms: v1.ModelManagement, service: dict[str, Any]) -> dict[str, Any]:
        image_id = _image_id(service)
        if image_id:
            return mms.image(image_id)
        environment = field(service, "environmentImageRequest", "environment")
        environment = environment or field(service, "environmentImageRequest", "environmentReference")
        name, version = field(environment, "name"), field(environment, "version")
        if not name or not version:
            raise Absent("The service has no image of its own.")
        return mms.environment_image(str(name), str(version))

    def _read_versions(self, mms: v1.ModelManagement, service: dict[str, Any]) -> list[dict[str, Any]]:
        image_id = _image_id(service)
        if not image_id:
            raise Absent("The service has no image of its own.")
        return mms.images(image_id.partition(":")[0])

    def _read_models(self, mms: v1.ModelManagement, service: dict[str, Any]) -> list[dict[str, Any]]:
        """Every model of the deployment as it is registered now; one that is not registered is left out."""
        ids = _model_ids(service) or _model_ids(self._image.outcome().value)
        if not ids:
            raise Absent("The service names no models.")
        tasks = [self._read(f"the model '{one}'", lambda one=one: mms.model(one)) for one in ids[:_MOST_MODELS]]
        ended = [task.outcome() for task in tasks]
        models = [one.value for one in ended if one.error is None]
        for one in ended:
            if one.error is not None:
                raise Partial(models, one.error)
        return models

    def _read_group(self) -> dict[str, Any]:
        return arm.container_group(self._session, str(field(self._own_group(), "id")))

    def _read_front_end_log(self) -> str:
        group = self._own_group()
        if _FRONT_END not in _container_names(group):
            raise Absent("The service has no front end of its own.")
        return arm.container_log(self._session, str(field(group, "id")), _FRONT_END, _TAIL)

    def _own_group(self) -> dict[str, Any]:
        """The service's group among those of the resource group: ``SERVICE-SUFFIX``, with a container ``SERVICE``."""
        compute = field(self.service.outcome().value, "computeType")
        if compute and str(compute).upper() != "ACI":
            raise Absent(f"The service runs on {compute}, not in a container group.")
        groups = self.groups.outcome()
        if groups.error is not None:
            raise groups.error
        named = [one for one in groups.value if str(field(one, "name")).lower().startswith(f"{self.name.lower()}-")]
        named = [one for one in named if self.name in _container_names(one)] or [
            one for one in named if "-" not in str(field(one, "name"))[len(self.name) + 1 :]
        ]
        if not named:
            raise Absent("The resource group has no container group of this service.")
        return dict(named[0])

    def _read_build_log(self, service: dict[str, Any]) -> Log:
        address = field(service, "imageDetails", "imageBuildLogUri") or field(
            self._image.outcome().value, "imageBuildLogUri"
        )
        if not address and not _image_id(service):
            address = _build_log_of(self._operation.outcome().value)
        if not address:
            problem = self._image.outcome().error
            if problem is not None and not isinstance(problem, Absent):
                raise Blocked("The image could not be read, and it names the address of its build log.")
            raise Absent("Azure names no build log: the image was not built for this deployment.")
        return self._download_build_log(str(address))


class ImageReads(Reads):
    """The reads about an image that no service was made of, for instance because its build failed."""

    def __init__(self, session: Session, scope: WorkspaceScope, name: str, redactor: Redactor) -> None:
        """``name`` is NAME (the newest version) or NAME:VERSION."""
        super().__init__(session, scope, name, redactor)
        self.versions = self._read("the image", self._read_versions, self._mms)
        self._build_log = self._read("the image build log", self._read_build_log, self.versions)

    def facts(self) -> dict[str, Any]:
        versions = self.versions.value()
        return {"image": self._image(versions), "images": versions, **super().facts()}

    def logs(self) -> list[Log]:
        build_log = self._build_log.outcome().value
        errors = self._error_log("image error", self._image(self.versions.value()))
        return [*errors, *([build_log] if build_log else [])]

    def outcomes(self) -> list[tuple[Source, Outcome, str]]:
        return [
            (sources.SERVICE, Outcome(error=self._why_no_service()), ""),
            (sources.IMAGE, self.versions.outcome(), _versions_note(self.versions.value())),
            (sources.BUILD_LOG, self._build_log.outcome(), ""),
            *super().outcomes(),
        ]

    def _why_no_service(self) -> Exception:
        """Without an image nothing can be deployed; with one, the service that is not there is an open question."""
        if field(self._image(self.versions.value()), "creationState") == "Succeeded":
            missing: Exception = ResourceNotFoundError(f"There is an image '{self.name}', but no such service.")
            return missing
        return Absent("There is no service of this name; its image is not ready.")

    def _read_versions(self, mms: v1.ModelManagement) -> list[dict[str, Any]]:
        versions = mms.images(self.name.partition(":")[0])
        if not versions or not self._image(versions):
            raise ResourceNotFoundError(f"There is no image '{self.name}'.")
        return versions

    def _image(self, versions: list[dict[str, Any]]) -> dict[str, Any] | None:
        wanted = self.name.partition(":")[2]
        if wanted:
            return next((one for one in versions if str(field(one, "version")) == wanted), None)
        return max(versions, key=lambda one: _number(field(one, "version")))

    def _read_build_log(self, versions: list[dict[str, Any]]) -> Log:
        address = field(self._image(versions), "imageBuildLogUri")
        if not address:
            raise Absent("Azure names no build log for this image.")
        return self._download_build_log(str(address))


def _image_id(service: Any) -> str | None:
    image_id = field(service, "imageId") or field(service, "imageDetails", "id")
    return str(image_id) if image_id else None


def _model_ids(payload: Any) -> list[str]:
    """The models that a service or an image was made with, as ``name:version``."""
    found = [str(field(one, "id")) for one in field(payload, "models") or [] if field(one, "id")]
    for holder in (payload, field(payload, "imageDetails"), field(payload, "environmentImageRequest")):
        found.extend(str(one) for one in field(holder, "modelIds") or [])
    return list(dict.fromkeys(found))


def _container_names(group: dict[str, Any]) -> list[str]:
    return [str(field(one, "name")) for one in field(group, "properties", "containers") or []]


def _build_log_of(operation: Any) -> Any:
    """The log of an operation whose step was a build; that of a deployment is the container's."""
    kind = str(field(operation, "operationDetails", "subOperationType") or "")
    is_build = kind.startswith("Build") or not kind
    return field(operation, "operationLog") if is_build else None


def _versions_note(versions: Any) -> str:
    if not isinstance(versions, list) or len(versions) < 2:
        return ""
    states = [f"{field(one, 'id')} ({field(one, 'creationState')})" for one in versions]
    return "Versions: " + ", ".join(_shortened(states))


def _models_note(models: Any) -> str:
    ids = [str(field(one, "id")) for one in models] if isinstance(models, list) else []
    return "Registered: " + ", ".join(_shortened(ids)) if ids else ""


def _shortened(words: Iterable[str], most: int = 5) -> list[str]:
    words = list(words)
    return words if len(words) <= most else [*words[:most], f"and {len(words) - most} more"]


def _number(version: Any) -> int:
    return int(version) if re.fullmatch(r"\d{1,9}", str(version)) else -1
