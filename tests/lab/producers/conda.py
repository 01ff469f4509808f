"""conda with its classic solver, against a small channel on this machine.

conda is not on the package index in any release that works; the program is taken from MLTROUBLE_LAB_CONDA (and, for the
wording of 2020's base images, from MLTROUBLE_LAB_CONDA_OLD), or from the search path.
"""

from __future__ import annotations

import contextlib
import functools
import http.server
import json
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.lab.bench import Bench, free_port, version_of
from tests.lab.case import case
from tests.lab.environments import EnvironmentMissing

CONDA = "conda"


def program(old: bool) -> str:
    found = os.environ.get("MLTROUBLE_LAB_CONDA_OLD" if old else "MLTROUBLE_LAB_CONDA") or shutil.which("conda")
    if not found:
        raise EnvironmentMissing("there is no conda on this machine")
    return found


def package(name: str, version: str, depends: Sequence[str] = (), build: str = "0") -> dict[str, Any]:
    """An entry of a channel's package list."""
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": list(depends),
        "subdir": "linux-64",
        "md5": "0" * 32,
        "sha256": "0" * 64,
        "size": 1,
    }


PYTHONS = [package("python", version) for version in ("3.7.16", "3.8.18", "3.10.13")]


@contextlib.contextmanager
def channel(bench: Bench, *packages: dict[str, Any], current: Sequence[dict[str, Any]] = ()) -> Iterator[str]:
    """Serve a channel holding ``packages``, with ``current`` as its list of newest ones; yields its address."""
    root = bench.dir.with_name(f"{bench.dir.name}-channel")
    for subdir in ("linux-64", "noarch"):
        folder = root / "forge" / subdir
        folder.mkdir(parents=True, exist_ok=True)
        for name, listed in (("repodata", packages), ("current_repodata", current)):
            files = {f"{one['name']}-{one['version']}-{one['build']}.tar.bz2": one for one in listed}
            document = {"info": {"subdir": subdir}, "packages": files if subdir == "linux-64" else {}}
            if listed or name == "repodata":
                (folder / f"{name}.json").write_text(json.dumps({**document, "packages.conda": {}}))
    handler = functools.partial(Quiet, directory=str(root))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    bench.places[address] = "https://conda.example"
    try:
        yield f"{address}/forge"
    finally:
        server.shutdown()
        server.server_close()
        shutil.rmtree(root)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def conda(bench: Bench, *arguments: str, old: bool = False) -> int:
    command = program(old)
    bench.software["conda"] = version_of([command, "--version"])
    prefix = Path(os.path.realpath(command)).parent.parent
    bench.places[str(prefix)] = "/opt/miniconda"
    env = {
        "CONDARC": str(bench.write(".condarc", "")),
        "CONDA_SOLVER": "classic",
        "CONDA_PKGS_DIRS": str(bench.dir / "pkgs"),
        "CONDA_REMOTE_MAX_RETRIES": "0",
        "CONDA_REPORT_ERRORS": "false",
        "PYTHONWARNINGS": "ignore",
    }
    return bench.run([command, *arguments], env, seconds=90)


def create(bench: Bench, address: str, dependencies: str, old: bool = False) -> int:
    """``conda env create`` from an environment file as Azure ML writes it."""
    text = f"name: project_environment\nchannels:\n- {address}\n- nodefaults\ndependencies:\n{dependencies}"
    bench.write("mutated_conda_dependencies.yml", text)
    arguments = ["env", "create", "-p", str(bench.dir / "env"), "-f", "mutated_conda_dependencies.yml"]
    bench.places[str(bench.dir / "env")] = "/azureml-envs/azureml_9ab1"
    return conda(bench, *arguments, old=old)


@case(
    "conda_absent_old",
    "build_log",
    "conda_package_not_found",
    "ResolvePackageNotFound:",
    "- azureml-mlflow-extra=1.2",
    tags=CONDA,
)
def absent_old(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address, "- python=3.8\n- azureml-mlflow-extra=1.2\n", old=True)


@case("conda_absent", "build_log", "conda_package_not_found", "ResolvePackageNotFound:", "- scikit-lern", tags=CONDA)
def absent(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address, "- python=3.8\n- scikit-lern\n")


@case(
    "conda_absent_version",
    "build_log",
    "conda_package_not_found",
    "ResolvePackageNotFound:",
    "- python=3.6.2",
    tags=CONDA,
)
def absent_version(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address, "- python=3.6.2\n", old=True)


@case(
    "conda_absent_install",
    "build_log",
    "conda_package_not_found",
    "PackagesNotFoundError: The following packages are not available from current channels:",
    tags=CONDA,
)
def absent_install(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        conda(bench, "create", "-y", "-p", str(bench.dir / "env"), "--override-channels", "-c", address, "lightgbm=9")


UNFIT = [
    package("numpy", "1.16.6", ["python >=3.7,<3.8.0a0"]),
    package("pandas", "2.0.3", ["python >=3.8", "numpy >=1.20"]),
]


@case(
    "conda_conflict_old",
    "build_log",
    "conda_unsatisfiable",
    "UnsatisfiableError: The following specifications were found",
    tags=CONDA,
)
def conflict_old(bench: Bench) -> None:
    with channel(bench, *PYTHONS, *UNFIT) as address:
        create(bench, address, "- python=3.10\n- numpy=1.16\n", old=True)


@case(
    "conda_conflict",
    "build_log",
    "conda_unsatisfiable",
    "UnsatisfiableError: The following specifications were found",
    tags=CONDA,
)
def conflict(bench: Bench) -> None:
    with channel(bench, *PYTHONS, *UNFIT) as address:
        create(bench, address, "- numpy=1.16\n- pandas=2.0\n")


@case("conda_channel_404", "build_log", "conda_channel_not_found", "HTTP 404", tags=CONDA)
def channel_404(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address.replace("/forge", "/conda-forg"), "- python=3.8\n")


@case(
    "conda_channel_404_old",
    "build_log",
    "conda_channel_not_found",
    "UnavailableInvalidChannel: The channel is not accessible or is invalid.",
    tags=CONDA,
)
def channel_404_old(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address.replace("/forge", "/conda-forg"), "- python=3.8\n", old=True)


@case("conda_refused", "build_log", "build_network_failure", "HTTP 000 CONNECTION FAILED", tags=CONDA)
def refused(bench: Bench) -> None:
    address = f"http://127.0.0.1:{free_port()}"
    bench.places[address] = "https://conda.example"
    create(bench, f"{address}/forge", "- python=3.8\n")


@case("conda_yaml", "build_log", "conda_yaml_invalid", "mapping values are not allowed here", tags=CONDA)
def yaml(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address, "- python=3.8\n - pip:\n  - azureml-defaults: 1.43\n")


@case("conda_spec", "build_log", "conda_yaml_invalid", "invalid package specification: numpy==1.16=>", tags=CONDA)
def spec(bench: Bench) -> None:
    with channel(bench, *PYTHONS) as address:
        create(bench, address, "- python=3.8\n- numpy==1.16=>\n")


@case("conda_file_absent", "build_log", "environment_file_not_found", "EnvironmentFileNotFound", tags=CONDA)
def file_absent(bench: Bench) -> None:
    conda(bench, "env", "create", "-f", str(bench.dir / "conda_dependencies.yml"))


@case("ok_conda_dry_run", "build_log", "none", "will retry with next repodata source", "Dry run. Exiting.", tags=CONDA)
def ok_dry_run(bench: Bench) -> None:
    """The short package list has not what is asked for; the solve is tried again with the whole one, and succeeds."""
    pip = package("pip", "23.3.1", ["python"])  # conda wants it beside every python
    with channel(bench, *PYTHONS, pip, current=[package("python", "3.10.13"), pip]) as address:
        conda(
            bench,
            "create",
            "--dry-run",
            "-p",
            str(bench.dir / "env"),
            "--override-channels",
            "-c",
            address,
            "python=3.8",
            old=True,
        )
