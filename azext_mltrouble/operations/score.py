"""``az ml trouble service score``: one request to a web service, and what its answer means."""
from __future__ import annotations

import json
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from knack.log import get_logger

from azext_mltrouble.operations.v1_workspace import OpenWorkspace, open_workspace

if TYPE_CHECKING:
    from azext_mltrouble.cloud.scoring import Answer
    from azext_mltrouble.evidence.redaction import Redactor

logger = get_logger(__name__)

#: Headers that tell where an answer comes from and what became of the request: those of the web, of azureml-inference-
#: server-http, of the front ends on ACI and AKS, and of managed endpoints.
_TELLING = (
    "content-type", "date", "location", "retry-after", "server", "via", "www-authenticate",
    "x-ms-run-function-failed", "x-ms-run-fn-exec-ms", "x-ms-server-version", "x-request-id", "x-ms-request-id",
    "x-ms-client-request-id", "x-envoy-upstream-service-time", "azureml-model-deployment",
    "ms-azureml-model-error-statuscode", "ms-azureml-model-error-reason",
)  # fmt: skip
#: Lines of the container's log in which the reason of an answer is looked for: what was written last.
_LAST_LINES = 200
#: Bytes of an answer that are diagnosed.
_READ_BYTES = 256 * 1024


def score(
    cmd: Any,
    *,
    name: str,
    data: str,
    timeout: int = 120,
    fail_on: str = "never",
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
) -> dict[str, Any]:
    """Sends ``data`` (JSON; ``-`` is standard input) to the service; ``timeout`` is in seconds.

    Returns status, telling headers, time in milliseconds and the answer; anything but success is diagnosed. The key or
    token is fetched for this request and is in nothing that is returned.
    """
    from azext_mltrouble.cloud.scoring import score as send
    from azext_mltrouble.evidence.redaction import Redactor
    from azext_mltrouble.operations.fail_on import leave_after_output
    from azext_mltrouble.operations.service import read_service

    body = _checked(data)
    opened = open_workspace(cmd, resource_group_name, workspace_name)
    service = read_service(opened, name)
    address = _scoring_address(service, name)
    kind, credential = _credential(opened, service, name)
    if credential and not address.startswith("https:"):
        logger.warning("The %s travels unencrypted: the scoring address is http. Enable TLS for the service.", kind)
    answer = send(opened.session, address, name, body, credential, float(timeout))
    redactor = Redactor()
    redactor_of_call = _Masking(redactor, credential)
    succeeded = 200 <= answer.status < 300
    report = None if succeeded else _diagnosed(opened, service, name, answer, redactor_of_call)
    if not succeeded and fail_on != "never":  # a request that failed is an error, whether its cause is known or not
        leave_after_output(cmd.cli_ctx)
    return {
        "name": name,
        "scoringUri": redactor_of_call.text(address),
        "auth": kind,
        "status": answer.status,
        "reason": redactor_of_call.text(_reason(answer)),
        "durationMs": answer.duration_ms,
        "headers": {header: redactor_of_call.text(value) for header, value in _telling(answer).items()},
        "answer": redactor_of_call.answer(answer.body),
        "complete": answer.complete,
        "diagnosis": report,
    }


class _Masking:
    """Texts without secrets: neither those that look like one nor the key or token of this call."""

    def __init__(self, redactor: Redactor, credential: str | None) -> None:
        self._redactor = redactor
        self._credential = credential

    def text(self, text: str) -> str:
        """One text, safe to show, too."""
        from azext_mltrouble.render.text import clean

        text = clean(text)
        if self._credential:
            text = text.replace(self._credential, "***")
        return self._redactor.text(text)

    def answer(self, body: bytes) -> Any:
        """The answer as JSON where it is JSON, else as text."""
        text = body.decode("utf-8", "replace")
        try:
            return self._payload(json.loads(text))
        except (ValueError, RecursionError):
            return self.text(text)

    def _payload(self, value: Any) -> Any:
        """Each text of a JSON value masked for itself: a model may well call its output 'token'."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self._payload(one) for one in value]
        if isinstance(value, dict):
            return {self.text(name): self._payload(one) for name, one in value.items()}
        return value


def _checked(data: str) -> bytes:
    """The body to send. Raises FileOperationError for a file that is not there, InvalidArgumentValueError for no JSON.

    az itself has replaced ``@FILE`` by the file's text if it could be read.
    """
    from azure.cli.core.azclierror import FileOperationError, InvalidArgumentValueError

    if data == "-":
        data = _standard_input()
    if data.startswith("@"):
        raise FileOperationError(
            f"The file '{data[1:]}' of --data cannot be read.",
            recommendation="Check the path and your right to read it, or pass the JSON on standard input: --data -",
        )
    try:
        json.loads(data)
    except (ValueError, RecursionError) as error:
        if not data.strip():
            said = "it is empty"
        elif isinstance(error, json.JSONDecodeError):
            said = f"{error.msg} at line {error.lineno}, column {error.colno}"
        else:
            said = "it is nested too deeply"
        raise InvalidArgumentValueError(
            f"--data is no JSON ({said}); nothing was sent.",
            recommendation="Shells change quotes, PowerShell above all. Put the JSON into a file and name that: "
            "--data @request.json (PowerShell: --data '@request.json')",
        ) from error
    return data.encode("utf-8", "surrogatepass")


def _standard_input() -> str:
    from azure.cli.core.azclierror import InvalidArgumentValueError

    try:
        return sys.stdin.buffer.read().decode("utf-8-sig") if sys.stdin else ""
    except ValueError as error:
        raise InvalidArgumentValueError(
            "Standard input is no text in UTF-8; nothing was sent.", recommendation="Save the JSON as UTF-8."
        ) from error


def _scoring_address(service: dict[str, Any], name: str) -> str:
    from azure.cli.core.azclierror import ResourceNotFoundError

    address = service.get("scoringUri")
    if not address:
        raise ResourceNotFoundError(
            f"The service '{name}' has no scoring address; its state is {service.get('state')}.",
            recommendation=[
                f"Wait until it is healthy: az ml trouble service wait -n {name}",
                f"Find out what keeps it from that: az ml trouble diagnose -n {name}",
            ],
        )
    return str(address)


def _credential(opened: OpenWorkspace, service: dict[str, Any], name: str) -> tuple[str, str | None]:
    """How the service wants to be called ("key", "token" or "none"), and its key or token."""
    from azext_mltrouble.evidence import sources

    if service.get("aadAuthEnabled"):
        return "token", opened.read(sources.SERVICE_KEYS, lambda: opened.mms.service_token(name))
    if service.get("authEnabled"):
        return "key", opened.read(sources.SERVICE_KEYS, lambda: opened.mms.service_key(name))
    return "none", None


def _telling(answer: Answer) -> dict[str, str]:
    return {name: answer.headers[name] for name in _TELLING if name in answer.headers}


def _reason(answer: Answer) -> str:
    try:
        return answer.reason or HTTPStatus(answer.status).phrase
    except ValueError:
        return ""


def _diagnosed(
    opened: OpenWorkspace, service: dict[str, Any], name: str, answer: Answer, masking: _Masking
) -> dict[str, Any]:
    """What the answer means, together with the service's settings and what its container wrote last."""
    from azext_mltrouble.diagnosis.engine import diagnose
    from azext_mltrouble.evidence.model import Evidence, Log, Target
    from azext_mltrouble.evidence.redaction import Redactor

    headers = "".join(f"{header}: {value}\n" for header, value in _telling(answer).items())
    body = answer.body[:_READ_BYTES].decode("utf-8", "replace")
    text = masking.text(f"HTTP/1.1 {answer.status} {_reason(answer)}\n{headers}\n{body}\n")
    logs, observations = _container_log(opened, name, masking) if answer.status >= 500 else ([], [])
    evidence = Evidence(
        # No state: the service may well be healthy, this request was not.
        target=Target(
            name=name,
            kind="service",
            generation="v1",
            compute=str(service.get("computeType")),
            workspace=opened.scope.workspace,
            resource_group=opened.scope.resource_group,
        ),
        facts={"service": Redactor().payload(service)},
        logs=[Log.of_text("answer of the service", "http_error", text), *logs],
        observations=observations,
    )
    return diagnose(evidence).to_dict()


def _container_log(opened: OpenWorkspace, name: str, masking: _Masking) -> tuple[list[Any], list[Any]]:
    """The end of the container's log; a log that cannot be read is an observation that says why."""
    from azure.cli.core.azclierror import AzCLIError

    from azext_mltrouble.evidence.model import Log, Observation
    from azext_mltrouble.evidence.sources import CONTAINER_LOG

    try:
        text = opened.read(CONTAINER_LOG, lambda: opened.mms.service_log(name, False, _LAST_LINES))
    except AzCLIError as error:
        remedy = " ".join(str(one) for one in error.recommendations)
        detail = masking.text(str(error))
        unread = Observation(CONTAINER_LOG.id, CONTAINER_LOG.stage, CONTAINER_LOG.title, "unavailable", detail, remedy)
        return [], [unread]
    read = Observation(CONTAINER_LOG.id, CONTAINER_LOG.stage, CONTAINER_LOG.title, "collected")
    return [Log.of_text("container log", "container_log", masking.text(text))] if text.strip() else [], [read]
