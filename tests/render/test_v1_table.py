"""Tables of models, images, services, logs and answers: they fit, and nothing in them controls the terminal."""
from __future__ import annotations

from typing import Any, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.render.log_table import log_table
from azext_mltrouble.render.v1_table import image_table, model_table, score_table, service_table, wait_table
from tests.render import report_factory as reports
from tests.render.hostile import hostile_text
from tests.render.test_table import assert_fits, printed

MODEL = {"id": "mymodel:3", "name": "mymodel", "version": 3, "framework": "Custom", "kvTags": {"area": "sales"},
         "createdTime": "2026-11-02T08:15:30.4183921+00:00", "createdBy": {"userName": "Ada"}}  # fmt: skip
IMAGE = {"id": "mysvc:2", "name": "mysvc", "version": 2, "creationState": "Failed", "buildLog": "available",
         "error": {"code": "BadRequest", "message": "It failed."}, "modelIds": ["mymodel:3"]}  # fmt: skip
SERVICE = {"name": "mysvc", "state": "Healthy", "computeType": "ACI", "imageId": "mysvc:2", "authEnabled": True,
           "scoringUri": "http://host/score",
           "migration": {"text": "Move.", "docUrl": "https://example.com/a"}}  # fmt: skip
ANSWER = {"name": "mysvc", "scoringUri": "http://host/score", "auth": "key", "status": 200, "reason": "OK",
          "durationMs": 12, "headers": {"server": "x"}, "answer": [0.5], "complete": True,
          "diagnosis": None}  # fmt: skip


def test_a_model_a_row_or_a_page() -> None:
    assert "mymodel  3          Custom       2026-11-02 08:15:30" in printed([MODEL], model_table)
    page = printed(MODEL, model_table)
    assert "mymodel" in page
    assert "area sales" in page
    assert "Ada" in page


def test_an_image_tells_its_state_and_whether_its_log_is_at_hand() -> None:
    assert printed([IMAGE], image_table).splitlines()[-1].split() == ["mysvc", "2", "Failed", "available"]
    page = printed(IMAGE, image_table)
    assert page.splitlines()[0].split() == ["State", "Failed"]
    assert "BadRequest: It failed." in page


def test_a_service_tells_where_it_can_move() -> None:
    page = printed(SERVICE, service_table)
    assert page.splitlines()[0].split() == ["State", "Healthy"]
    assert "Move." in page
    assert "https://example.com/a" in page
    assert "with a key" in page


def test_a_service_without_an_image_tells_its_environment() -> None:
    environment = {"environmentImageRequest": {"environment": {"name": "myenv", "version": "3"}}, "imageId": None}
    assert "environment myenv:3" in printed([{**SERVICE, **environment}], service_table)


def test_an_answer_tells_status_and_time_first_and_a_failure_its_cause() -> None:
    assert printed(ANSWER, score_table).splitlines()[0].split(maxsplit=1) == ["Status", "200 OK in 12 ms"]
    failed = {**ANSWER, "status": 500, "reason": "Error", "diagnosis": reports.failed()}
    assert "Cause" in printed(failed, score_table)


def test_a_wait_that_failed_has_the_diagnosis() -> None:
    waited = {"name": "mysvc", "state": "Failed", "seconds": 31, "diagnosis": reports.failed()}
    table = printed(waited, wait_table)
    assert table.splitlines()[0].split(maxsplit=1) == ["State", "Failed after 31 s"]
    assert "Failed at launch" in table


def test_a_log_is_printed_as_it_is() -> None:
    lines = ["Traceback:", "  File x", "", "a" * 250]
    printed_lines = printed({"source": "container log of x", "lines": lines}, log_table).splitlines()
    assert printed_lines[0] == "Container log of x"
    assert printed_lines[2:5] == ["Traceback:", "  File x", ""]
    assert "".join(printed_lines[5:]) == "a" * 250


def test_an_empty_log_says_so() -> None:
    assert "nothing was written" in printed({"source": "container log of x", "lines": []}, log_table)


@pytest.mark.parametrize(
    ("table", "sample"),
    [
        (model_table, [MODEL]), (model_table, MODEL), (image_table, [IMAGE]), (image_table, IMAGE),
        (service_table, [SERVICE]), (service_table, SERVICE), (score_table, ANSWER),
        (log_table, {"source": "log", "lines": [""]}),
    ],
)  # fmt: skip
@given(data=st.data())
def test_hostile_values_fit_and_control_nothing(
    table: Callable[[Any], Any], sample: Any, data: st.DataObject
) -> None:
    def spoilt(value: Any) -> Any:
        if isinstance(value, str):
            return data.draw(hostile_text)
        if isinstance(value, list):
            return [spoilt(one) for one in value]
        if isinstance(value, dict):
            return {key: one if key == "docUrl" else spoilt(one) for key, one in value.items()}
        return value

    assert_fits(printed(spoilt(sample), table))


@pytest.mark.parametrize("table", [model_table, image_table])
def test_fields_that_azure_leaves_out_do_no_harm(table: Callable[[Any], Any]) -> None:
    assert_fits(printed({"name": "x"}, table))
    assert_fits(printed([{"name": "x"}], table))
