"""Commands fit the generation of the deployment."""
from __future__ import annotations

import pytest

from azext_mltrouble.diagnosis.remedies import commands_for

V2 = "az ml online-deployment get-logs --name blue --endpoint-name churn"
BOTH = ["az ml trouble collect -n churn", "az ml workspace sync-keys -n ws", "docker run --rm image"]


def test_a_web_service_is_not_told_to_use_commands_of_endpoints() -> None:
    assert commands_for("v1", [V2, *BOTH]) == BOTH


@pytest.mark.parametrize("generation", ["v2", None])
def test_otherwise_every_command_stays(generation: str | None) -> None:
    assert commands_for(generation, [V2, *BOTH]) == [V2, *BOTH]
