"""Tab completion of names."""
from __future__ import annotations

from typing import Any, Callable

from azure.cli.core.decorators import Completer


@Completer  # type: ignore[untyped-decorator]
def complete_target_names(cmd: Any, prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the workspace's services and endpoints that begin with ``prefix``."""
    from azext_mltrouble.operations.live import target_names

    return _beginning(prefix, target_names, cmd, namespace)


@Completer  # type: ignore[untyped-decorator]
def complete_service_names(cmd: Any, prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the workspace's services that begin with ``prefix``."""
    from azext_mltrouble.operations.service import service_names

    return _beginning(prefix, service_names, cmd, namespace)


@Completer  # type: ignore[untyped-decorator]
def complete_image_names(cmd: Any, prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the workspace's images that begin with ``prefix``."""
    from azext_mltrouble.operations.image import image_names

    return _beginning(prefix, image_names, cmd, namespace)


@Completer  # type: ignore[untyped-decorator]
def complete_model_names(cmd: Any, prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the workspace's models that begin with ``prefix``."""
    from azext_mltrouble.operations.model import model_names

    return _beginning(prefix, model_names, cmd, namespace)


def _beginning(prefix: str, names: Callable[..., list[str]], cmd: Any, namespace: Any) -> list[str]:
    if not (namespace.workspace_name and namespace.resource_group_name):
        return []
    known = names(cmd, namespace.resource_group_name, namespace.workspace_name)
    return [name for name in known if name.startswith(prefix)]
