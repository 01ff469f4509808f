"""docker build and docker run: what the builders, the engine, the registries and the kernel refuse."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.lab.bench import Bench, free_port, version_of
from tests.lab.case import case
from tests.lab.environments import environment
from tests.lab.images import (
    BASE,
    CLIENT,
    NEW_CLIENT,
    REGISTRY,
    build,
    empty_registry,
    engine,
    neutral,
    refusing_registry,
    run,
)
from tests.lab.packages import Index, sdist, self_signed_certificate, wheel
from tests.lab.producers.pip import MODULE_C, source

DOCKER = "docker"
FROM = f"FROM {BASE}\nWORKDIR /var/azureml-app\n"


# -- the Dockerfile and its context ----------------------------------------------------------------


@case(
    "docker_copy_missing",
    "build_log",
    "dockerfile_copy_source_missing",
    "COPY failed: file not found in build context or excluded by .dockerignore",
    tags=DOCKER,
)
def copy_missing(bench: Bench) -> None:
    build(bench, FROM + "COPY requirements.txt .\nRUN pip install -r requirements.txt\n")


@case(
    "docker_copy_missing_kit",
    "build_log",
    "dockerfile_copy_source_missing",
    'failed to compute cache key: "/requirements.txt" not found: not found',
    tags=DOCKER,
)
def copy_missing_kit(bench: Bench) -> None:
    build(bench, FROM + "COPY requirements.txt .\nRUN pip install -r requirements.txt\n", kit=True)


@case("docker_copy_ignored", "build_log", "dockerfile_copy_source_missing", "excluded by .dockerignore", tags=DOCKER)
def copy_ignored(bench: Bench) -> None:
    bench.write(".dockerignore", "models\n")
    bench.write("models/model.pkl", b"\x80")
    build(bench, FROM + "ADD models/model.pkl /models/\n")


@case(
    "docker_copy_outside",
    "build_log",
    "dockerfile_copy_source_missing",
    "forbidden path outside the build context",
    tags=DOCKER,
)
def copy_outside(bench: Bench) -> None:
    build(bench, FROM + "COPY ../shared/score.py .\n")


@case(
    "docker_file_absent",
    "build_log",
    "dockerfile_not_found",
    "unable to evaluate symlinks in Dockerfile path",
    tags=DOCKER,
)
def file_absent(bench: Bench) -> None:
    build(bench, None, "-f", "docker/Dockerfile.serving")


@case("docker_file_absent_kit", "build_log", "dockerfile_not_found", "failed to read dockerfile", tags=DOCKER)
def file_absent_kit(bench: Bench) -> None:
    build(bench, None, "-f", "Dockerfile.gpu", kit=True)


@case("docker_instruction", "build_log", "dockerfile_invalid", "unknown instruction: RUNN", tags=DOCKER)
def instruction(bench: Bench) -> None:
    build(bench, FROM + "RUNN pip install numpy\n")


@case(
    "docker_instruction_kit",
    "build_log",
    "dockerfile_invalid",
    "dockerfile parse error line 4: unknown instruction: PIP",
    tags=DOCKER,
)
def instruction_kit(bench: Bench) -> None:
    build(bench, FROM + "RUN apt-get update\npip install numpy\n", kit=True)


@case(
    "docker_from_words", "build_log", "dockerfile_invalid", "FROM requires either one or three arguments", tags=DOCKER
)
def from_words(bench: Bench) -> None:
    build(bench, f"FROM {BASE} as\n")


@case("docker_no_from", "build_log", "dockerfile_invalid", "no build stage in current context", tags=DOCKER)
def no_from(bench: Bench) -> None:
    build(bench, "RUN pip install numpy\n")


@case("docker_empty_file", "build_log", "dockerfile_invalid", "cannot be empty", tags=DOCKER)
def empty_file(bench: Bench) -> None:
    build(bench, "")


@case(
    "docker_no_buildx",
    "cli_error",
    "buildkit_component_missing",
    "BuildKit is enabled but the buildx component is missing or broken.",
    tags="docker new-client",
)
def no_buildx(bench: Bench) -> None:
    engine(bench)
    bench.write("Dockerfile", FROM)
    bench.software["docker-client"] = version_of([NEW_CLIENT, "--version"])
    bench.run([NEW_CLIENT, "build", "-t", "scoring:1", "."], {"DOCKER_BUILDKIT": "1"})


# -- the base image and its registry ---------------------------------------------------------------


@case("docker_base_unknown", "build_log", "image_not_found", "not found: manifest unknown", tags=DOCKER)
def base_unknown(bench: Bench) -> None:
    with empty_registry(bench) as registry:
        build(bench, f"FROM {registry}/base/python:3.99\nRUN pip list\n")


@case("docker_base_unknown_kit", "build_log", "image_not_found", "not found", tags=DOCKER)
def base_unknown_kit(bench: Bench) -> None:
    with empty_registry(bench) as registry:
        build(bench, f"FROM {registry}/base/python:3.99\nRUN pip list\n", kit=True)


UNAUTHORISED = {
    "code": "UNAUTHORIZED",
    "message": "authentication required, visit https://aka.ms/acr/authorization for more information.",
}


@case("docker_pull_401", "build_log", "acr_auth_denied", "authentication required", tags=DOCKER)
def pull_401(bench: Bench) -> None:
    with refusing_registry(bench, 401, UNAUTHORISED) as registry:
        build(bench, f"FROM {registry}/base/python:3.10\nRUN pip list\n")


@case("docker_push_denied", "build_log", "acr_auth_denied", "denied", tags=DOCKER)
def push_denied(bench: Bench) -> None:
    error = {"code": "DENIED", "message": "requested access to the resource is denied"}
    with refusing_registry(bench, 403, error) as registry:
        engine(bench)
        bench.write("tree/version.txt", "1\n")
        tag = f"{registry}/azureml/scoring:1"
        tar = subprocess.run(["tar", "-C", bench.dir / "tree", "-c", "."], capture_output=True, check=True).stdout
        subprocess.run([CLIENT, "import", "-", tag], input=tar, check=True, capture_output=True)
        bench.run([CLIENT, "push", tag])
        subprocess.run([CLIENT, "rmi", tag], check=True, capture_output=True)


@case("docker_pull_firewall", "build_log", "acr_firewall_denied", "is not allowed access", tags=DOCKER)
def pull_firewall(bench: Bench) -> None:
    message = "client with IP '20.61.99.12' is not allowed access. Refer https://aka.ms/acr/firewall to grant access."
    with refusing_registry(bench, 403, {"code": "DENIED", "message": message}) as registry:
        build(bench, f"FROM {registry}/base/python:3.10\nRUN pip list\n")


@case("docker_pull_throttled", "build_log", "image_pull_throttled", "toomanyrequests", tags=DOCKER)
def pull_throttled(bench: Bench) -> None:
    message = "too many requests; retry after the time given"
    with refusing_registry(bench, 429, {"code": "TOOMANYREQUESTS", "message": message}) as registry:
        build(bench, f"FROM {registry}/base/python:3.10\nRUN pip list\n")


@case("docker_pull_refused", "build_log", "registry_unreachable", "connect: connection refused", tags=DOCKER)
def pull_refused(bench: Bench) -> None:
    address = f"127.0.0.1:{free_port()}"
    neutral(bench, address)
    build(bench, f"FROM {address}/base/python:3.10\nRUN pip list\n")


@case("docker_pull_no_host", "build_log", "registry_unreachable", "no such host", tags="docker dns")
def pull_no_host(bench: Bench) -> None:
    build(bench, "FROM contosoml-typo.azurecr.invalid/base/python:3.10\nRUN pip list\n")


@case("docker_pull_certificate", "build_log", "tls_certificate_untrusted", "x509: certificate", tags=DOCKER)
def pull_certificate(bench: Bench) -> None:
    """A host whose certificate no authority has signed. Not 127.0.0.1: the engine trusts that address anyway."""
    engine(bench)
    address = subprocess.run(
        [CLIENT, "network", "inspect", "bridge", "-f", "{{(index .IPAM.Config 0).Gateway}}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    if not address:
        address = "172.17.0.1"
    certificate = self_signed_certificate(bench.dir.with_suffix(".pem"), f"IP:{address}")
    with refusing_registry(bench, 200, {}, certificate=certificate, host=address) as registry:
        build(bench, f"FROM {registry}/base/python:3.10\nRUN pip list\n")
    certificate.unlink()


@case(
    "docker_pull_500",
    "build_log",
    "image_pull_failed",
    "received unexpected HTTP status: 500 Internal Server Error",
    tags=DOCKER,
)
def pull_500(bench: Bench) -> None:
    with refusing_registry(bench, 500, {"code": "UNKNOWN", "message": "unknown error"}) as registry:
        engine(bench)
        bench.run([CLIENT, "pull", f"{registry}/azureml/scoring:1"])


# -- steps that fail -------------------------------------------------------------------------------


def installing(bench: Bench, index: Index, requirements: str, kit: bool = False, before: str = "") -> None:
    """A build that installs requirements from the lab's index."""
    bench.places[index.url.replace("/simple", "")] = "https://pypi.example"
    bench.places[f"{index.host}:{index.port}"] = "pypi.example"
    bench.write("requirements.txt", requirements)
    bench.write("score.py", "def init():\n    pass\n\n\ndef run(raw_data):\n    return raw_data\n")
    step = f"RUN pip install --no-cache-dir --index-url {index.url} -r requirements.txt\n"
    build(bench, FROM + before + "COPY requirements.txt .\n" + step + "COPY score.py .\n", kit=kit)


@case(
    "docker_pip_absent",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for azureml-default==1.30.0",
    tags=DOCKER,
)
def pip_absent(bench: Bench) -> None:
    with Index().add(wheel("numpy", "1.26.4")).serving() as index:
        installing(bench, index, "numpy==1.26.4\nazureml-default==1.30.0\n")


@case(
    "docker_pip_absent_kit",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for scikit-lern",
    tags=DOCKER,
)
def pip_absent_kit(bench: Bench) -> None:
    with Index().add(wheel("numpy", "1.26.4")).serving() as index:
        installing(bench, index, "numpy==1.26.4\nscikit-lern\n", kit=True)


@case(
    "docker_pip_conflict_kit",
    "build_log",
    "pip_resolver_conflict",
    "ResolutionImpossible",
    "conflicting dependencies",
    tags=DOCKER,
)
def pip_conflict_kit(bench: Bench) -> None:
    index = Index().add(
        wheel("tensorflow", "2.11.0", ["protobuf<3.20"]), wheel("protobuf", "3.19.6"), wheel("protobuf", "4.25.1")
    )
    with index.serving():
        installing(bench, index, "tensorflow==2.11.0\nprotobuf==4.25.1\n", kit=True)


@case("docker_no_gcc", "build_log", "wheel_build_failed_missing_compiler", "error: command 'gcc' failed", tags=DOCKER)
def no_gcc(bench: Bench) -> None:
    package = source("pycocotools-lite", "2.0.2", "Extension('_fast', ['fast.c'])", fast__c=MODULE_C)
    with Index().add(package).serving() as index:
        installing(bench, index, "pycocotools-lite==2.0.2\n")


@case("docker_no_git", "build_log", "build_tool_missing", "Cannot find command 'git'", tags=DOCKER)
def no_git(bench: Bench) -> None:
    with Index().serving() as index:
        installing(bench, index, "git+https://git.example/team/features.git@v2\n")


@case("docker_no_wget", "build_log", "build_tool_missing", "/bin/sh: 1: wget: not found", tags=DOCKER)
def no_wget(bench: Bench) -> None:
    build(bench, FROM + "RUN wget -q https://files.example/model.tar.gz\n")


@case("docker_no_conda", "build_log", "conda_missing_on_target", "/bin/sh: 1: conda: not found", tags=DOCKER)
def no_conda(bench: Bench) -> None:
    bench.write("environment.yml", "dependencies: [python=3.8]\n")
    build(bench, FROM + "COPY environment.yml .\nRUN conda env create -p /azureml-envs/azureml -f environment.yml\n")


@case("docker_script_denied", "build_log", "build_permission_denied", "./install.sh: Permission denied", tags=DOCKER)
def script_denied(bench: Bench) -> None:
    bench.write("install.sh", "#!/bin/sh\necho installing\n")
    build(bench, FROM + "COPY install.sh .\nRUN ./install.sh\n")


@case("docker_apt_not_root", "build_log", "build_permission_denied", "are you root?", tags=DOCKER)
def apt_not_root(bench: Bench) -> None:
    build(bench, FROM + "USER nobody\nRUN apt-get install -y libgomp1\n")


@case("docker_apt_unknown", "build_log", "apt_install_failed", "Unable to locate package libgl1-mesa-glxx", tags=DOCKER)
def apt_unknown(bench: Bench) -> None:
    build(bench, FROM + "RUN apt-get install -y --no-install-recommends libgl1-mesa-glxx\n")


@case("docker_apt_fetch", "build_log", "apt_install_failed", "does not have a Release file.", tags=DOCKER)
def apt_fetch(bench: Bench) -> None:
    """A mirror that has gone: 404 for every file."""
    with Index().serving() as index:
        bench.places[f"{index.host}:{index.port}"] = "archive.example"
        sources = f"RUN echo 'deb http://{index.host}:{index.port}/debian buster main' > /etc/apt/sources.list\n"
        build(bench, FROM + sources + "RUN apt-get update\n")


@case("docker_disk_full", "build_log", "image_build_no_space", "No space left on device", tags=DOCKER)
def disk_full(bench: Bench) -> None:
    build(bench, FROM + "RUN dd if=/dev/zero of=/dev/shm/model.bin bs=1M count=64\n", "--shm-size", "8m")


@case("docker_pip_disk_full", "build_log", "image_build_no_space", "[Errno 28] No space left on device", tags=DOCKER)
def pip_disk_full(bench: Bench) -> None:
    name, content = wheel("torch", "2.1.0")
    with Index().add((name, content + b"\0" * 9_000_000)).serving() as index:
        bench.places[index.url.replace("/simple", "")] = "https://pypi.example"
        bench.places[f"{index.host}:{index.port}"] = "pypi.example"
        build(
            bench, FROM + f"RUN TMPDIR=/dev/shm pip install --index-url {index.url} torch==2.1.0\n", "--shm-size", "4m"
        )


@case("docker_step_killed", "build_log", "oom_killed", "Killed", "returned a non-zero code: 137", tags=DOCKER)
def step_killed(bench: Bench) -> None:
    step = "RUN python -c \"print('solving', flush=True); table = bytearray(b'1') * 900_000_000\"\n"
    build(bench, FROM + step, "--memory", "96m", "--memory-swap", "96m")


@case("docker_step_fails", "build_log", "image_build_failed_undetermined", "returned a non-zero code: 3", tags=DOCKER)
def step_fails(bench: Bench) -> None:
    build(bench, FROM + "RUN python -c 'import sys; print(\"preparing assets\"); sys.exit(3)'\n")


# -- containers ------------------------------------------------------------------------------------


@case(
    "container_no_program",
    "container_log",
    "entrypoint_not_found",
    'exec: "gunicorn": executable file not found in $PATH',
    tags=DOCKER,
)
def no_program(bench: Bench) -> None:
    run(bench, FROM + 'CMD ["gunicorn", "-b", "0.0.0.0:5001", "app:app"]\n')


@case("container_no_gunicorn", "container_log", "entrypoint_not_found", "exec: gunicorn: not found", tags=DOCKER)
def no_gunicorn(bench: Bench) -> None:
    bench.write("run", '#!/bin/sh\necho "starting the scoring server"\nexec gunicorn -b 0.0.0.0:5001 app:app\n', 0o755)
    run(bench, FROM + 'COPY run /var/runit/gunicorn/run\nCMD ["/var/runit/gunicorn/run"]\n')


@case(
    "container_no_runsvdir",
    "container_log",
    "entrypoint_not_found",
    'exec: "runsvdir": executable file not found in $PATH',
    tags=DOCKER,
)
def no_runsvdir(bench: Bench) -> None:
    run(bench, FROM + 'CMD ["runsvdir", "/var/runit"]\n')


@case("container_no_script", "container_log", "entrypoint_not_found", "no such file or directory", tags=DOCKER)
def no_script(bench: Bench) -> None:
    run(bench, FROM + 'ENTRYPOINT ["/var/azureml-app/entrypoint.sh"]\n')


@case("container_format", "container_log", "exec_format_error", "exec format error", tags=DOCKER)
def exec_format(bench: Bench) -> None:
    """A start script without its first line."""
    bench.write("start.sh", "exec python -m http.server 5001\n", 0o755)
    run(bench, FROM + 'COPY start.sh .\nENTRYPOINT ["/var/azureml-app/start.sh"]\n')


@case("container_other_machine", "container_log", "exec_format_error", "exec format error", tags=DOCKER)
def other_machine(bench: Bench) -> None:
    """An image for ARM whose program is one for ARM too: the machine field of an ELF header says so."""
    engine(bench)
    program = bytearray(Path("/bin/sleep").read_bytes())
    program[18:20] = b"\xb7\x00"  # EM_AARCH64
    bench.write("tree/server", bytes(program), 0o755)
    tag = f"{REGISTRY}/azureml/scoring-arm:1"
    tar = subprocess.run(["tar", "-C", bench.dir / "tree", "-c", "."], capture_output=True, check=True).stdout
    subprocess.run(
        [CLIENT, "import", "--platform", "linux/arm64", "-", tag], input=tar, check=True, capture_output=True
    )
    try:
        bench.run([CLIENT, "run", "--rm", "--network", "none", tag, "/server"])
    finally:
        subprocess.run([CLIENT, "rmi", "-f", tag], check=True, capture_output=True)


@case("container_crlf", "container_log", "script_crlf_line_endings", "\\r", tags=DOCKER)
def crlf(bench: Bench) -> None:
    bench.write("start.sh", "#!/usr/bin/env bash\r\nexec python -m http.server 5001\r\n", 0o755)
    run(bench, FROM + 'COPY start.sh .\nENTRYPOINT ["/var/azureml-app/start.sh"]\n')


@case("container_crlf_set", "container_log", "script_crlf_line_endings", "set: Illegal option -", tags=DOCKER)
def crlf_set(bench: Bench) -> None:
    bench.write("start.sh", "set -e\r\necho starting\r\n", 0o755)
    run(bench, FROM + 'COPY start.sh .\nENTRYPOINT ["sh", "/var/azureml-app/start.sh"]\n')


@case("container_killed", "container_log", "oom_killed", "Killed", tags=DOCKER)
def killed(bench: Bench) -> None:
    """More memory than the container may have: the kernel kills the server."""
    server = "print('loading the model', flush=True)\nmodel = b'1' * 900_000_000\nprint('loaded', flush=True)\n"
    bench.write("server.py", server)
    bench.write("start.sh", '#!/bin/bash\npython server.py\necho "server exited with $?"\n', 0o755)
    run(bench, FROM + 'COPY server.py start.sh ./\nCMD ["./start.sh"]\n', "--memory", "96m", "--memory-swap", "96m")


@case(
    "container_write_denied",
    "container_log",
    "container_permission_denied",
    "PermissionError: [Errno 13] Permission denied: '/var/azureml-app/cache.db'",
    tags=DOCKER,
)
def write_denied(bench: Bench) -> None:
    bench.write("score.py", "def init():\n    open('/var/azureml-app/cache.db', 'w')\n\n\ninit()\n")
    run(bench, FROM + 'COPY score.py .\nUSER nobody\nCMD ["python", "score.py"]\n')


@case("container_tmp_full", "container_log", "container_disk_full", "No space left on device", tags=DOCKER)
def tmp_full(bench: Bench) -> None:
    bench.write(
        "score.py",
        "import tempfile\n\n\ndef run(data):\n    tempfile.TemporaryFile().write(data)\n\n\nrun(bytes(9_000_000))\n",
    )
    run(bench, FROM + 'COPY score.py .\nCMD ["python", "score.py"]\n', "--tmpfs", "/tmp:size=2m")


@case("container_port_taken", "cli_error", "port_conflict", "port is already allocated", tags=DOCKER)
def port_taken(bench: Bench) -> None:
    engine(bench)
    port = free_port()
    bench.places[str(port)] = "5001"
    first = subprocess.run(
        [CLIENT, "run", "-d", "--rm", "-p", f"127.0.0.1:{port}:5001", BASE, "sleep", "60"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    try:
        bench.run(
            [CLIENT, "run", "--rm", "--name", "scoring-local", "-p", f"127.0.0.1:{port}:5001", BASE, "sleep", "1"]
        )
    finally:
        subprocess.run([CLIENT, "kill", first], capture_output=True, check=False)


@case(
    "container_library",
    "container_log",
    "missing_shared_library",
    "libgomp.so.1: cannot open shared object file",
    tags="docker network",
)
def library(bench: Bench) -> None:
    """LightGBM needs the OpenMP library of the system, which a slim image does not have."""
    python = bench.use(environment("3.10", "lightgbm==3.3.5", "numpy==1.26.4"))
    site = next((python.prefix / "lib").glob("python*/site-packages"))
    for name in (
        "lightgbm",
        "numpy",
        "numpy.libs",
        "scipy",
        "scipy.libs",
        "sklearn",
        "scikit_learn.libs",
        "joblib",
        "threadpoolctl.py",
    ):
        found = site / name
        if found.is_dir():
            shutil.copytree(found, bench.dir / "site" / name)
        elif found.exists():
            (bench.dir / "site").mkdir(exist_ok=True)
            shutil.copy(found, bench.dir / "site" / name)
    bench.write("score.py", "import lightgbm\n")
    run(
        bench, FROM + 'COPY site /usr/local/lib/python3.10/site-packages\nCOPY score.py .\nCMD ["python", "score.py"]\n'
    )


@case("docker_no_engine", "cli_error", "local_docker_error", "Is the docker daemon running?", tags="client")
def no_engine(bench: Bench) -> None:
    socket = bench.dir / "docker.sock"
    bench.places[str(socket)] = "/var/run/docker.sock"
    bench.software["docker-client"] = version_of([NEW_CLIENT, "--version"])
    bench.run([NEW_CLIENT, "-H", f"unix://{socket}", "run", "-p", "5001:5001", "scoring:1"])


@case(
    "docker_socket_denied",
    "cli_error",
    "local_docker_error",
    "ermission denied while trying to connect to the Docker daemon socket",
    tags=DOCKER,
)
def socket_denied(bench: Bench) -> None:
    engine(bench)
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    bench.run([*nobody, CLIENT, "ps"], {"HOME": "/nonexistent"})


# -- healthy ---------------------------------------------------------------------------------------


@case(
    "ok_docker_build",
    "build_log",
    "none",
    "Successfully built",
    "Running pip as the 'root' user can result in broken permissions",
    tags=DOCKER,
)
def ok_build(bench: Bench) -> None:
    with Index().add(wheel("pandas", "2.2.3", ["numpy>=1.26.0"]), wheel("numpy", "1.26.4")).serving() as index:
        installing(bench, index, "pandas==2.2.3\n")


@case("ok_docker_build_kit", "build_log", "none", "exporting to image", tags=DOCKER)
def ok_build_kit(bench: Bench) -> None:
    with Index().add(wheel("pandas", "2.2.3", ["numpy>=1.26.0"]), wheel("numpy", "1.26.4")).serving() as index:
        installing(bench, index, "pandas==2.2.3\n", kit=True)


@case("ok_docker_retry", "build_log", "none", "Retrying (Retry(total=", "Successfully built", tags=DOCKER)
def ok_retry(bench: Bench) -> None:
    """The index cuts the first requests off; a step tolerates a failing command."""
    with Index(fail_first=2).add(wheel("numpy", "1.26.4")).serving() as index:
        tolerant = "RUN rm /etc/nginx/sites-enabled/default || true\n"
        installing(bench, index, "numpy==1.26.4\n", before=tolerant)


@case("ok_docker_source", "build_log", "none", "Successfully built", tags=DOCKER)
def ok_source(bench: Bench) -> None:
    """A package that is built from source, by its old setup.py, with pip's deprecation."""
    package = sdist(
        "error-budget", "1.0", {"setup.py": "from setuptools import setup\nsetup(name='error-budget', version='1.0')\n"}
    )
    with Index().add(package).serving() as index:
        installing(bench, index, "error-budget==1.0\n")
