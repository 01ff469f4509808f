"""What a caller sees: whole HTTP answers as ``curl -i`` prints them, and the errors of curl itself."""

from __future__ import annotations

import http.server
import shutil
import threading
from pathlib import Path

from tests.lab.bench import Bench, free_port, version_of
from tests.lab.case import case
from tests.lab.environments import Environment, EnvironmentMissing
from tests.lab.producers.envs import flask, science, server
from tests.lab.producers.serving import APPLICATION, FOREST, GOOD, PREDICT, model

NET = "network"
SCORE = ["-H", "Content-Type: application/json", "-d", '{"data": [1, 2, 3]}']


def curl(bench: Bench, port: int, path: str, *options: str) -> None:
    """Keep what ``curl -i`` says about one request."""
    bench.software["curl"] = version_of(["curl", "--version"])
    bench.places[f"127.0.0.1:{port}"] = "churn.westeurope.azurecontainer.example"
    bench.places[f"127.0.0.1 port {port}"] = "churn.westeurope.azurecontainer.example port 80"
    bench.run(["curl", "-sS", "-i", *options, f"http://127.0.0.1:{port}{path}"], seconds=60)


def answer(
    bench: Bench,
    path: str,
    *options: str,
    script: str = GOOD,
    python: Environment | None = None,
    env: dict[str, str] | None = None,
) -> None:
    """Ask the inference server once; only the answer is kept."""
    python = bench.use(python or server())
    bench.write("score.py", script)
    port = free_port()
    command: list[str | Path] = [python.bin("azmlinfsrv"), "--entry_script", "score.py", "--port", str(port)]
    settings = {"AZUREML_MODEL_DIR": str(bench.dir / "azureml-models"), **(env or {})}
    with bench.background(command, settings, port, keep=False):
        curl(bench, port, path, *options)


@case("http_score_get_root", "http_error", "endpoint_route_not_found", "404 NOT FOUND", tags=NET)
def score_wrong_path(bench: Bench) -> None:
    answer(bench, "/api/v1/score", *SCORE)


@case("http_score_put", "http_error", "http_method_not_allowed", "405 METHOD NOT ALLOWED", tags=NET)
def score_put(bench: Bench) -> None:
    answer(bench, "/score", "-X", "PUT", *SCORE)


@case("http_score_delete", "http_error", "http_method_not_allowed", "405 METHOD NOT ALLOWED", tags=NET)
def score_delete(bench: Bench) -> None:
    answer(bench, "/", "-X", "DELETE")


@case(
    "http_run_raises",
    "http_error",
    "run_exception_other",
    "An unexpected error occurred in scoring script. Check the logs for more info.",
    tags=NET,
)
def run_raises(bench: Bench) -> None:
    answer(bench, "/score", *SCORE, script=GOOD.replace("sum(", "sum(1 / 0 for _ in "))


@case("http_run_slow", "http_error", "scoring_timeout", "Scoring timeout after 1000 ms", tags=NET)
def run_slow(bench: Bench) -> None:
    script = GOOD.replace("    return", "    import time\n    time.sleep(5)\n    return")
    answer(bench, "/score", *SCORE, script=script, env={"SCORING_TIMEOUT_MS": "1000"})


SCHEMA = """\
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
from inference_schema.schema_decorators import input_schema


def init():
    pass


@input_schema("data", StandardPythonParameterType([1, 2]))
def run(data):
    return sum(data)
"""


@case("http_not_json", "http_error", "input_schema_mismatch", "POST body could not be decoded as JSON", tags=NET)
def not_json(bench: Bench) -> None:
    answer(bench, "/score", "-H", "Content-Type: application/json", "-d", "{'data': [1]}", script=SCHEMA)


@case(
    "http_not_a_dictionary", "http_error", "input_schema_mismatch", "POST body should be a JSON dictionary.", tags=NET
)
def not_a_dictionary(bench: Bench) -> None:
    answer(bench, "/score", "-H", "Content-Type: application/json", "-d", "[1, 2]", script=SCHEMA)


@case(
    "http_empty_body",
    "http_error",
    "input_schema_mismatch",
    "POST body is empty. Expecting a JSON dictionary.",
    tags=NET,
)
def empty_body(bench: Bench) -> None:
    answer(bench, "/score", "-X", "POST", "-H", "Content-Type: application/json", script=SCHEMA)


@case(
    "http_content_type", "http_error", "input_schema_mismatch", "Expects Content-Type to be application/json", tags=NET
)
def content_type(bench: Bench) -> None:
    answer(bench, "/score", "-H", "Content-Type: text/csv", "-d", "1,2", script=SCHEMA)


@case("http_parameter_absent", "http_error", "input_schema_mismatch", "data", tags=NET)
def parameter_absent(bench: Bench) -> None:
    answer(bench, "/score", "-H", "Content-Type: application/json", "-d", '{"inputs": [1]}', script=SCHEMA)


@case("http_not_utf8", "http_error", "input_schema_mismatch", "Input cannot be decoded as UTF-8", tags=NET)
def not_utf8(bench: Bench) -> None:
    body = bench.write("body.bin", b"\xff\xfe\x00")
    answer(bench, "/score", "-H", "Content-Type: application/json", "--data-binary", f"@{body}")


# -- nginx in front of the server, as in the images of both generations ----------------------------

NGINX = """\
worker_processes 1;
pid {dir}/nginx.pid;
error_log stderr;
daemon off;
events {{ worker_connections 32; }}
http {{
  access_log off;
  client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/proxy;
  fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi;
  scgi_temp_path {dir}/scgi;
  server {{
    listen 127.0.0.1:{port};
    client_max_body_size {limit};
    location / {{
      {limits}
      proxy_read_timeout 1s;
      proxy_pass http://127.0.0.1:{behind};
    }}
  }}
}}
"""


def nginx(
    bench: Bench, *options: str, behind: int = 0, limit: str = "1m", limits: str = "", path: str = "/score"
) -> None:
    """Ask an nginx whose upstream listens on port ``behind`` (nobody, without)."""
    found = nginx_program(bench)
    port = free_port()
    text = NGINX.format(dir=bench.dir, port=port, behind=behind or free_port(), limit=limit, limits=limits)
    config = bench.write("nginx.conf", text)
    with bench.background([found, "-e", "stderr", "-c", config], None, port, keep=False):
        curl(bench, port, path, *options)


def nginx_program(bench: Bench) -> str:
    """Where nginx is; its version is recorded."""
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not found:
        raise EnvironmentMissing("there is no nginx on this machine")
    bench.software["nginx"] = version_of([found, "-v"])
    return found


@case("http_too_large", "http_error", "request_payload_too_large", "413 Request Entity Too Large", tags="nginx")
def too_large(bench: Bench) -> None:
    body = bench.write("body.json", b"1" * 40_000)
    nginx(bench, "-H", "Content-Type: application/json", "--data-binary", f"@{body}", limit="16k")


@case("http_upstream_gone", "http_error", "no_ready_replicas", "502 Bad Gateway", tags="nginx bare")
def upstream_gone(bench: Bench) -> None:
    nginx(bench, *SCORE)


@case("http_upstream_slow", "http_error", "scoring_timeout", "504 Gateway Time-out", tags="nginx")
def upstream_slow(bench: Bench) -> None:
    release = threading.Event()

    class Slow(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            release.wait(30)

    behind = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    try:
        nginx(bench, *SCORE, behind=behind.server_address[1])
    finally:
        release.set()
        behind.shutdown()
        behind.server_close()


@case("http_nginx_method", "http_error", "http_method_not_allowed", "405 Not Allowed", tags="nginx")
def nginx_method(bench: Bench) -> None:
    nginx(bench, *SCORE, limits="if ($request_method = POST) { return 405; }")


@case(
    "nginx_port_denied",
    "container_log",
    "permission_denied_port",
    "bind() to 0.0.0.0:80 failed (13: Permission denied)",
    tags="nginx root",
)
def nginx_port_denied(bench: Bench) -> None:
    """A front end without the right to bind low ports."""
    found = nginx_program(bench)
    text = NGINX.format(dir=bench.dir, port=80, behind=31311, limit="1m", limits="").replace("127.0.0.1:80", "80")
    config = bench.write("nginx.conf", text)
    drop = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
    bench.run([*drop, found, "-e", "stderr", "-c", config], seconds=20)


@case("http_flask_method", "http_error", "http_method_not_allowed", "405 METHOD NOT ALLOWED", tags=NET)
def flask_method(bench: Bench) -> None:
    old_answer(bench, "/score")


@case("http_flask_path", "http_error", "endpoint_route_not_found", "404 NOT FOUND", tags=NET)
def flask_path(bench: Bench) -> None:
    old_answer(bench, "/predict", *SCORE)


def old_answer(bench: Bench, path: str, *options: str) -> None:
    """Ask the first generation's kind of server."""
    python = bench.use(flask())
    bench.write("app.py", APPLICATION.format(imports="", init="pass"))
    port = free_port()
    with bench.background([python.bin("gunicorn"), "-b", f"127.0.0.1:{port}", "app:app"], None, port, keep=False):
        curl(bench, port, path, *options)


# -- nobody there ----------------------------------------------------------------------------------


@case("curl_refused", "http_error", "endpoint_unreachable", "Failed to connect to", tags="client")
def refused(bench: Bench) -> None:
    curl(bench, free_port(), "/score", *SCORE)


@case("curl_no_host", "http_error", "endpoint_unreachable", "Could not resolve host", tags="client")
def no_host(bench: Bench) -> None:
    bench.software["curl"] = version_of(["curl", "--version"])
    bench.run(["curl", "-sS", "-i", *SCORE, "http://churn-endpoint.westeurope.inference.invalid/score"], seconds=60)


@case("ok_http_scores", "http_error", "none", "200 OK", tags=NET)
def ok_scores(bench: Bench) -> None:
    answer(bench, "/score", *SCORE)


@case("ok_http_health", "http_error", "none", "Healthy", tags=NET)
def ok_health(bench: Bench) -> None:
    answer(bench, "/")


@case("ok_http_iris", "http_error", "none", "200 OK", tags=NET)
def ok_iris(bench: Bench) -> None:
    python = science()
    model(bench, python, FOREST)
    answer(
        bench,
        "/score",
        "-H",
        "Content-Type: application/json",
        "-d",
        '{"data": [[5.1, 3.5, 1.4, 0.2]]}',
        script=PREDICT,
        python=python,
    )
