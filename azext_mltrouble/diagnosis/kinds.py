"""What kind of text a log is, told by the marks that those who write such texts leave in them.

People paste texts without saying what they are, or call a container's log a deployment error. A pattern that is meant
for one kind of text must not win on another, but a wrong label must not hide a cause either.
"""
from __future__ import annotations

import re
from typing import NamedTuple, get_args

from azext_mltrouble.evidence.model import Where

ALL: frozenset[str] = frozenset(get_args(Where))
_LOGS: frozenset[str] = frozenset(("build_log", "container_log"))
_ERRORS = ALL - _LOGS

#: An error object is sent to whoever deploys, scores or runs a command; which of them pasted it, it does not say.
_MARKS: tuple[tuple[frozenset[str], re.Pattern[bytes]], ...] = (
    (
        frozenset(("build_log",)),
        re.compile(
            rb"(?m)Step \d+/\d+ :|---> Running in|#\d+ \[[^\]\n]{0,40}\d/\d+\]|load build definition"
            rb"|Sending build context|returned a non-zero code|acb_step|Executing step ID"
            rb"|Collecting [A-Za-z][\w.-]*(?:[=<>!~]|$)|Requirement already satisfied|Retrying \(Retry\(total="
            rb"|Building wheel|Preparing metadata|Getting requirements to build|Link requires a different Python"
            rb"|Could not find a version that satisfies|No matching distribution|Successfully installed "
            rb"|Collecting package metadata|Solving environment|CondaEnvException|ResolvePackageNotFound"
            rb"|(?:Get|Err|Hit|Ign):\d+ https?:|Reading package lists|E: (?:Unable|Failed|Package)"
            rb"|\.(?:c|cc|cpp|h|hpp|pyx|rs):\d+:\d+: |-linux-gnu-gcc|apt-get install|Downloading \S+(?:\.whl|\.tar\.gz)"
        ),
    ),
    (
        frozenset(("container_log",)),
        re.compile(
            rb"azmlinfsrv|azureml_inference_server_http|gunicorn\.error|gunicorn/|Starting gunicorn|Booting worker"
            rb"|Worker (?:exiting|failed to boot)|Exception in worker process|Users?'s init|/var/azureml-"
            rb"|score\.py\\*\", line|\| root \||OCI runtime|runsvdir|werkzeug|uvicorn|Invoking user's"
        ),
    ),
    (
        _ERRORS,
        re.compile(
            rb"\"error\\*\"\s?:\s?[\\\"]*\{|[\"']statusCode[\"']|[\"']details[\"']\s?:"
            rb"|WebserviceException|HttpResponseError|ErrorResponse|Deployment Error|DeploymentFailed|ResourceNotReady"
        ),
    ),
    (
        frozenset(("http_error", "cli_error")),
        re.compile(
            rb"(?m)^(?:< )?HTTP/\d(?:\.\d)? \d{3}\b|Response Code: \d|^(?:< )?(?:content-type|x-ms-)\S*:|curl: \("
        ),
    ),
)


class Kinds(NamedTuple):
    """The kinds of patterns that a text is compared with: ``first``, and ``second`` only where those tell nothing."""

    first: frozenset[str]
    second: frozenset[str]


ANYTHING = Kinds(ALL, frozenset())


def kinds_of(where: str | None, data: bytes) -> Kinds:
    """The kinds that a text called ``where`` may be of, with some of its bytes to look for marks.

    The marks decide for a text without a name. A log may be healthy, so one that is named is only doubted where all
    its marks are of another kind; an error is no healthy text, so anything may be looked for in it.
    """
    looks = _looks_of(data)
    if where is None:
        first = looks or ALL
        return Kinds(first, ALL - first)
    first = frozenset((where,))
    if where in _LOGS:
        return Kinds(first, frozenset() if where in looks else looks)
    return Kinds(first, ALL - first)


def _looks_of(data: bytes) -> frozenset[str]:
    return frozenset(kind for kinds, mark in _MARKS if mark.search(data) for kind in kinds)
