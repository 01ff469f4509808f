"""Python environments for the lab, made once and kept in a cache outside the repository."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

#: Where environments are kept between runs.
CACHE = Path(os.environ.get("MLTROUBLE_LAB_ENVS", "/tmp/lab-envs"))

#: Packages whose versions are worth recording with a log.
TELLING = frozenset(
    [
        "azureml-core",
        "azureml-inference-server-http",
        "conda",
        "flask",
        "gunicorn",
        "joblib",
        "jinja2",
        "numpy",
        "pandas",
        "pip",
        "protobuf",
        "scikit-learn",
        "scipy",
        "setuptools",
        "werkzeug",
        "xgboost",
        "lightgbm",
        "onnxruntime",
        "tensorflow-cpu",
        "azure-cli",
        "docker",
    ]
)


class EnvironmentMissing(RuntimeError):
    """The Python or the packages that a case needs cannot be had here."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment: ``prefix`` is its directory, ``base`` the directory of the Python it was made from."""

    prefix: Path
    base: Path

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python"

    def bin(self, program: str) -> Path:
        return self.prefix / "bin" / program

    @functools.cache  # noqa: B019 - a handful of environments, alive as long as the process
    def software(self) -> dict[str, str]:
        """The Python's version and those of the telling packages in it."""
        names = "{(d.metadata['Name'] or '').lower(): d.version for d in m.distributions()}"
        module = "importlib.metadata"
        if "py3.7" in self.prefix.name:  # importlib.metadata came with 3.8
            names, module = "{d.key: d.version for d in m.working_set}", "pkg_resources"
        code = f"import json, platform, {module} as m; "
        code += f"print(json.dumps(dict({names}, python=platform.python_version())))"
        said = subprocess.run([self.python, "-c", code], capture_output=True, text=True, check=True)
        found: dict[str, str] = json.loads(said.stdout)
        return {name: found[name] for name in sorted(found) if name == "python" or name in TELLING}


def environment(python: str = "", *packages: str, fresh: str = "", without_deps: tuple[str, ...] = ()) -> Environment:
    """An environment of Python ``python`` ("3.10"; empty: the running one) holding ``packages``.

    It is made on first use. ``without_deps`` are installed last, over what the resolver chose, without their own
    dependencies: the way in which hand-made images end up with packages that do not fit. With ``fresh`` (any label)
    the environment is not shared: a case that changes its environment names itself there.

    Raises EnvironmentMissing when that Python is not on this machine or a package cannot be had.
    """
    base = find_python(python)
    label = json.dumps([python or sys.version, packages, without_deps, fresh])
    prefix = CACHE / f"py{python or 'this'}-{hashlib.sha256(label.encode()).hexdigest()[:10]}"
    made = prefix / "made"
    if fresh and prefix.exists():
        shutil.rmtree(prefix)
    if not made.exists():
        shutil.rmtree(prefix, ignore_errors=True)
        subprocess.run([base, "-m", "venv", prefix], check=True, capture_output=True)
        install(prefix, list(packages))
        install(prefix, ["--no-deps", *without_deps] if without_deps else [])
        made.touch()
    return Environment(prefix, Path(os.path.realpath(base)).parent.parent)


def install(prefix: Path, arguments: list[str]) -> None:
    """Run pip with the user's own settings (an index must be reachable)."""
    if not arguments:
        return
    said = subprocess.run([prefix / "bin" / "pip", "install", *arguments], capture_output=True, text=True, check=False)
    if said.returncode:
        raise EnvironmentMissing(f"pip cannot install {arguments}: {said.stderr[-2000:]}")


def find_python(version: str) -> str:
    """The interpreter of that version: on the search path, or among pyenv's."""
    if not version:
        return getattr(sys, "_base_executable", sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for candidate in sorted(pyenv.glob(f"{version}.*/bin/python{version}")):
        return str(candidate)
    found = shutil.which(f"python{version}")
    if not found:
        raise EnvironmentMissing(f"there is no python{version} on this machine")
    return found
