"""Tab completion of names."""
from __future__ import annotations

from typing import Any

from azure.cli.core.decorators import Completer


@Completer  # type: ignore[untyped-decorator]
def complete_target_names(cmd: Any, prefix: str, namespace: Any, **_: Any) -> list[str]:
    """The names of the workspace's services and endpoints that begin with ``prefix``."""
    from azext_mltrouble.operations.live import target_names

    if not (namespace.workspace_name and namespace.resource_group_name):
        return []
    names = target_names(cmd, namespace.resource_group_name, namespace.workspace_name)
    return [name for name in names if name.startswith(prefix)]
