"""``az ml trouble model``: the registered models of a workspace."""
from __future__ import annotations

from contextlib import suppress
from typing import Any

from azext_mltrouble.operations.v1_workspace import OpenWorkspace, not_found, open_workspace, split_version


def list_models(
    cmd: Any, *, name: str | None = None, workspace_name: str | None = None, resource_group_name: str | None = None
) -> list[dict[str, Any]]:
    """The models in all their versions, or those of one name; newest version first."""
    from azext_mltrouble.evidence.redaction import Redactor

    opened = open_workspace(cmd, resource_group_name, workspace_name)
    models = _models(opened, name)
    models.sort(key=lambda one: (str(one.get("name")), -_number(one.get("version"))))
    return [Redactor().payload(one) for one in models]


def show_model(
    cmd: Any,
    *,
    name: str,
    version: str | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
) -> dict[str, Any]:
    """One version of a model, by default the newest. Raises ResourceNotFoundError when there is none."""
    from azure.cli.core.azclierror import ResourceNotFoundError

    from azext_mltrouble.evidence import sources
    from azext_mltrouble.evidence.redaction import Redactor

    name, version = split_version(name, version)
    opened = open_workspace(cmd, resource_group_name, workspace_name)
    found: list[dict[str, Any]] = []
    with suppress(ResourceNotFoundError):
        found = opened.read(
            sources.MODELS,
            lambda: [opened.mms.model(f"{name}:{version}")] if version else opened.mms.models(name, newest=True),
        )
    if found:
        return dict(Redactor().payload(max(found, key=lambda one: _number(one.get("version")))))
    known = [f"{one.get('name')}:{one.get('version')}" if version else str(one.get("name")) for one in _models(opened)]
    raise not_found("model", f"{name}:{version}" if version else name, opened.scope, known, "model")


def model_names(cmd: Any, resource_group_name: str | None, workspace_name: str | None) -> list[str]:
    """The names of all models of the workspace, sorted."""
    found = _models(open_workspace(cmd, resource_group_name, workspace_name))
    return sorted({str(one.get("name")) for one in found})


def _models(opened: OpenWorkspace, name: str | None = None) -> list[dict[str, Any]]:
    from azext_mltrouble.evidence import sources

    return opened.read_list(sources.MODELS, lambda: opened.mms.models(name))


def _number(version: Any) -> int:
    return int(version) if str(version).isdecimal() else -1
