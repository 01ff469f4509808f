"""``explain`` finds a code however it is written, and says what comes close when there is none."""
from __future__ import annotations

import pytest
from azure.cli.core.azclierror import ResourceNotFoundError

from azext_mltrouble.diagnosis.knowledge import load
from azext_mltrouble.operations.explain import explain


def test_without_a_code_every_entry_is_listed_once() -> None:
    listed = explain()
    assert isinstance(listed, list)
    assert [one["code"] for one in listed] == sorted(entry.code for entry in load().entries)


@pytest.mark.parametrize("written", ["MLT4103", "mlt4103", "4103", " MLT-4103 "])
def test_a_code_is_found_however_it_is_written(written: str) -> None:
    one = explain(written)
    assert isinstance(one, dict)
    assert (one["code"], one["cause"]) == ("MLT4103", "missing_python_module")


@pytest.mark.parametrize("code", [entry.code for entry in load().entries])
def test_every_entry_can_be_explained_without_a_placeholder_left(code: str) -> None:
    one = explain(code)
    assert isinstance(one, dict)
    texts = [one["meaning"], one["remedy"]["text"], *one["remedy"]["commands"]]
    assert one["recognisedBy"]
    assert not any("{" in text and "}" in text and "{{" not in text and "${" not in text for text in texts[:2])


def test_an_unknown_code_is_not_found_and_the_close_ones_are_named() -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        explain("MLT4203999")
    assert "MLT4203999" in str(caught.value)
    assert any("az ml trouble explain" in line for line in caught.value.recommendations)


def test_a_typo_is_answered_with_what_comes_close() -> None:
    with pytest.raises(ResourceNotFoundError) as caught:
        explain("MLT41O3")
    hint = caught.value.recommendations[0]
    assert hint.startswith("Did you mean ")
    assert "MLT4103" in hint
