"""Services, images and models of the first generation: the reads of the Model Management Service (MMS).

The requests are those of azureml-core 1.61: no api-version, ``expand=true`` where it sends it.
"""
from __future__ import annotations

from typing import Any
from urllib.parse import quote

from azext_mltrouble.cloud import arm
from azext_mltrouble.cloud.session import Session, WorkspaceScope, segment

_NEWEST = {"orderBy": "CreatedAtDesc", "count": "1", "expand": "true"}


class ModelManagement:
    """The MMS of one workspace."""

    def __init__(self, session: Session, scope: WorkspaceScope, addresses: dict[str, Any]) -> None:
        """``addresses`` is what discovery answered."""
        self._session = session
        self._scope = scope
        self._addresses = addresses

    @property
    def _base(self) -> str:
        return f"{self._host('modelmanagement')}/modelmanagement/v1.0{self._scope.path}"

    def _host(self, name: str) -> str:
        from azext_mltrouble.cloud.errors import content_error

        host = self._addresses.get(name)
        if not isinstance(host, str):
            raise content_error(f"the address of the service '{name}'", "not among the addresses of discovery", b"")
        return host.rstrip("/")

    def _service(self, name: str) -> str:
        return f"{self._base}/services/{segment(name)}"

    def service(self, name: str) -> dict[str, Any]:
        """A web service with everything about it."""
        return self._session.get(self._service(name), f"the service '{name}'", {"expand": "true"})

    def services(self) -> list[dict[str, Any]]:
        """All web services of the workspace."""
        what = f"the list of services of '{self._scope.workspace}'"
        return self._session.get_all(f"{self._base}/services", what, {"expand": "true"})

    def service_log(self, name: str, init: bool, tail: int) -> str:
        """The last ``tail`` lines that the service's container wrote, or its init container."""
        what = f"the {'init container' if init else 'container'} log of '{name}'"
        query = {"tail": str(tail), "init": str(init)}
        return str(self._session.get(f"{self._service(name)}/logs", what, query).get("content") or "")

    def service_key(self, name: str) -> str:
        """The primary key that the service takes in requests: a secret, for one call and not to be kept."""
        what = f"the keys of '{name}'"
        return self._secret(self._session.post(f"{self._service(name)}/listkeys", what), "primaryKey", what)

    def service_token(self, name: str) -> str:
        """A token that a service with token authentication takes in requests: a secret, as the key is."""
        what = f"the token for '{name}'"
        return self._secret(self._session.post(f"{self._service(name)}/token", what), "accessToken", what)

    def _secret(self, payload: dict[str, Any], field: str, what: str) -> str:
        from azext_mltrouble.cloud.errors import content_error

        secret = payload.get(field)
        if not isinstance(secret, str) or not secret:
            raise content_error(what, f"without '{field}'", b"")  # what it has instead may be a secret, too
        return secret

    def objection(self, name: str, patch: list[dict[str, Any]]) -> str:
        """What speaks against an update, as the service itself judges it before; empty without an objection.

        As in azureml-core, a judgement that fails is none.
        """
        from azure.cli.core.azclierror import AzCLIError

        question = {"type": "Update", "serviceName": name, "createRequest": None, "updateRequest": patch}
        try:
            _, answer = self._session.send(
                "POST", f"{self._base}/services/validate", f"the update of '{name}'", question
            )
        except AzCLIError:
            return ""
        error = answer.get("error")
        return str(error.get("message") or "") if isinstance(error, dict) else ""

    def update(self, name: str, patch: list[dict[str, Any]]) -> str:
        """Changes a service by a JSON patch (RFC 6902). Returns the id of the operation that carries it out, or ""."""
        headers, answer = self._session.send(
            "PATCH", self._service(name), f"the service '{name}'", patch, "application/json-patch+json"
        )
        location = str(headers.get("Operation-Location") or "").rstrip("/")
        return location.rpartition("/")[2] or str(answer.get("operationId") or "")

    def operation(self, operation_id: str) -> dict[str, Any]:
        """What became of a long-running operation."""
        address = f"{self._base}/operations/{segment(operation_id)}"
        return self._session.get(address, f"the operation '{operation_id}'")

    def image(self, image_id: str) -> dict[str, Any]:
        """An image by its id, ``name:version``."""
        address = f"{self._base}/images/{segment(image_id, keep=':')}"
        return self._session.get(address, f"the image '{image_id}'", _NEWEST)

    def newest_image(self, name: str) -> dict[str, Any] | None:
        """The version of an image that was created last; None where there is none."""
        query = {**_NEWEST, "name": name}
        found = self._session.get_all(f"{self._base}/images", f"the image '{name}'", query)
        return found[0] if found else None

    def images(self, name: str | None = None) -> list[dict[str, Any]]:
        """All versions of an image, or without a name all images in all versions."""
        query = {"expand": "true", **({"name": name} if name else {})}
        what = f"the versions of the image '{name}'" if name else f"the list of images of '{self._scope.workspace}'"
        return self._session.get_all(f"{self._base}/images", what, query)

    def model(self, model_id: str) -> dict[str, Any]:
        """A registered model by its id, ``name:version``."""
        return self._session.get(f"{self._base}/models/{quote(model_id, safe='')}", f"the model '{model_id}'")

    def models(self, name: str | None = None, newest: bool = False) -> list[dict[str, Any]]:
        """All models in all versions, or those of one name; ``newest``: only the newest version of each."""
        query = {**({"name": name} if name else {}), "count": "255", "latestVersionOnly": str(newest).lower()}
        what = f"the versions of the model '{name}'" if name else f"the list of models of '{self._scope.workspace}'"
        return self._session.get_all(f"{self._base}/models", what, query)

    def environment_image(self, name: str, version: str) -> dict[str, Any]:
        """The image that an environment was built into. The answer holds the registry's password."""
        address = (
            f"{self._host('experimentation')}/environment/v1.0{self._scope.path}"
            f"/environments/{segment(name)}/versions/{segment(version)}/image"
        )
        return self._session.get(address, f"the image of the environment '{name}:{version}'")


def discover(session: Session, scope: WorkspaceScope, workspace: dict[str, Any]) -> ModelManagement:
    """The MMS of a workspace, found as its SDK finds it: discovery takes no token. Asked once per session."""
    from azext_mltrouble.cloud.errors import content_error

    properties = workspace.get("properties")
    address = properties.get("discoveryUrl") if isinstance(properties, dict) else None
    if not isinstance(address, str):
        raise content_error(f"the workspace '{scope.workspace}'", "a workspace without a discoveryUrl", b"")
    addresses = session.once(
        ("discovery", address),
        lambda: session.get(address, "the addresses of the workspace's services", authenticated=False),
    )
    return ModelManagement(session, scope, addresses)


def open_workspace(session: Session, scope: WorkspaceScope) -> ModelManagement:
    """The MMS of the workspace that a user names."""
    return discover(session, scope, arm.workspace(session, scope))
