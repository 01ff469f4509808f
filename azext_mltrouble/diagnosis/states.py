"""What follows from several facts together, computed once so that the knowledge can ask for it in one expression.

Shapes of payloads: the Model Management Service's responses as azureml-core 1.61 declares them, ARM's
``Microsoft.KeyVault/vaults`` 2023-07-01 and ``Microsoft.ContainerInstance/containerGroups`` 2023-05-01.
"""
from __future__ import annotations

from typing import Any

from azext_mltrouble.evidence.model import Evidence


def derived(facts: dict[str, Any]) -> dict[str, Any]:
    """Facts about facts, under the name ``state`` in the knowledge's conditions."""
    return {}


def slots_of(evidence: Evidence) -> dict[str, str]:
    """The values that every template may use, as far as the evidence names them."""
    target = evidence.target
    named = target.kind in ("service", "endpoint")
    values = {
        "service": target.name if named else None,
        "workspace": target.workspace,
        "resource_group": target.resource_group,
    }
    return {name: value for name, value in values.items() if value}
