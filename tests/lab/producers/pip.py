"""pip against a small index: every way in which installing a requirement fails, and noisy ways in which it does not."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.lab.bench import Bench, free_port
from tests.lab.case import case
from tests.lab.environments import Environment, environment
from tests.lab.packages import IN_TREE, Index, sdist, self_signed_certificate, wheel

QUICK = "quick"
#: A Python whose venv brings setuptools along, and the packages that building from source needs.
BUILDER = ("3.10", "wheel")


def pip(
    bench: Bench, index: Index, *arguments: str, env: dict[str, str] | None = None, python: Environment | None = None
) -> int:
    """``pip install`` from ``index``, into an environment of its own."""
    python = bench.use(python or environment())
    bench.places[index.url.replace("/simple", "")] = "https://pypi.example"
    bench.places[f"{index.host}:{index.port}"] = "pypi.example"
    where = [] if "--index-url" in arguments else ["--index-url", index.url]
    return bench.run([python.python, "-m", "pip", "install", *where, "--target", bench.dir / "site", *arguments], env)


def served(*packages: tuple[str, bytes]) -> contextlib.AbstractContextManager[Index]:
    return Index().add(*packages).serving()


# -- nothing fits ----------------------------------------------------------------------------------


@case(
    "pip_version_absent",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for scikit-learn==0.99.1",
    tags=QUICK,
)
def version_absent(bench: Bench) -> None:
    with served(*(wheel("scikit-learn", version) for version in ("0.24.2", "1.0.2", "1.3.2"))) as index:
        bench.write("requirements.txt", "scikit-learn==0.99.1\n")
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_name_absent",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for azureml-contrib-fairnes",
    tags=QUICK,
)
def name_absent(bench: Bench) -> None:
    with served(wheel("numpy", "1.26.4")) as index:
        bench.write("requirements.txt", "numpy\nazureml-contrib-fairnes\n")
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_nested_absent",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for azureml-dataset-runtime~=1.43.0",
    tags=QUICK,
)
def nested_absent(bench: Bench) -> None:
    with served(wheel("azureml-defaults", "1.43.0", ["azureml-dataset-runtime~=1.43.0"])) as index:
        pip(bench, index, "azureml-defaults==1.43.0")


@case(
    "pip_only_other_platforms",
    "build_log",
    "pip_no_matching_distribution",
    "No matching distribution found for tensorflow==2.4.1",
    tags=QUICK,
)
def only_other_platforms(bench: Bench) -> None:
    offers = [
        wheel("tensorflow", "2.4.1", tag=tag) for tag in ("cp36-cp36m-win_amd64", "cp37-cp37m-macosx_10_14_x86_64")
    ]
    with served(*offers) as index:
        pip(bench, index, "tensorflow==2.4.1")


# -- requirements that exclude one another ---------------------------------------------------------


@case(
    "pip_conflict_pins",
    "build_log",
    "pip_resolver_conflict",
    "Cannot install -r requirements.txt (line 1) and numpy==1.24.4 because these package versions have conflicting "
    "dependencies.",
    "ResolutionImpossible",
    tags=QUICK,
)
def conflict_pins(bench: Bench) -> None:
    with served(
        wheel("pandas", "2.2.3", ["numpy>=1.26.0"]), wheel("numpy", "1.24.4"), wheel("numpy", "1.26.4")
    ) as index:
        bench.write("requirements.txt", "pandas==2.2.3\nnumpy==1.24.4\n")
        pip(bench, index, "-r", "requirements.txt")


@case("pip_conflict_double", "build_log", "pip_resolver_conflict", "Double requirement given", tags=QUICK)
def conflict_double(bench: Bench) -> None:
    with served(wheel("numpy", "1.24.4"), wheel("numpy", "1.26.4")) as index:
        bench.write("requirements.txt", "numpy==1.24.4\nnumpy==1.26.4\n")
        pip(bench, index, "--use-deprecated=legacy-resolver", "-r", "requirements.txt")


@case(
    "pip_conflict_constraint",
    "build_log",
    "pip_resolver_conflict",
    "The user requested (constraint) protobuf<4",
    "conflicting dependencies",
    "ResolutionImpossible",
    tags=QUICK,
)
def conflict_constraint(bench: Bench) -> None:
    with served(
        wheel("onnx", "1.16.0", ["protobuf>=4"]), wheel("protobuf", "3.20.3"), wheel("protobuf", "4.25.1")
    ) as index:
        bench.write("constraints.txt", "protobuf<4\n")
        pip(bench, index, "-c", "constraints.txt", "onnx==1.16.0")


@case(
    "pip_conflict_transitive",
    "build_log",
    "pip_resolver_conflict",
    "conflicting dependencies",
    "ResolutionImpossible",
    tags=QUICK,
)
def conflict_transitive(bench: Bench) -> None:
    offers = [
        wheel("azureml-core", "1.48.0", ["packaging<22", "azure-mgmt-resource<22"]),
        wheel("azure-ai-ml", "1.20.0", ["azure-mgmt-resource>=23"]),
        wheel("packaging", "21.3"),
        wheel("azure-mgmt-resource", "21.2.1"),
        wheel("azure-mgmt-resource", "23.1.0"),
    ]
    with served(*offers) as index:
        pip(bench, index, "azureml-core==1.48.0", "azure-ai-ml==1.20.0")


@case(
    "pip_backtracking",
    "build_log",
    "pip_resolver_backtracking",
    "to determine which version is compatible with other requirements. This could take a while",
    "This is taking longer than usual.",
    tags="network",
)
def backtracking(bench: Bench) -> None:
    """Every release of the one wants a release of the other that does not go with what is asked: pip tries them all
    until it is stopped."""
    offers = [wheel("azureml-train-core", f"1.{n}.0", [f"azureml-telemetry==1.{n}.0"]) for n in range(300)]
    offers += [wheel("azureml-telemetry", f"1.{n}.0", ["applicationinsights>=2"]) for n in range(300)]
    offers += [wheel("applicationinsights", "0.11.10"), wheel("applicationinsights", "2.0.0")]
    with served(*offers) as index:
        python = bench.use(environment("3.10"))
        bench.places[f"http://{index.host}:{index.port}"] = "https://pypi.example"
        bench.run(
            [
                python.python,
                "-m",
                "pip",
                "install",
                "--index-url",
                index.url,
                "--target",
                bench.dir / "site",
                "applicationinsights<2",
                "azureml-train-core",
            ],
            seconds=9,
        )


# -- Python versions -------------------------------------------------------------------------------


@case(
    "pip_requires_python_wheel",
    "build_log",
    "pip_python_version_conflict",
    "requires a different Python",
    tags=QUICK,
)
def requires_python_wheel(bench: Bench) -> None:
    name, content = wheel("azureml-automl-core", "1.30.0", python=">=3.5,<3.9")
    bench.write(f"wheels/{name}", content)
    with served() as index:
        pip(bench, index, f"./wheels/{name}")


@case(
    "pip_requires_python_index",
    "build_log",
    "pip_python_version_conflict",
    "Ignored the following versions that require a different python version",
    tags=QUICK,
)
def requires_python_index(bench: Bench) -> None:
    index = Index()
    for version in ("2.1.0", "2.2.0"):
        index.add(wheel("numpy", version, python=">=3.99"), python=">=3.99")
    index.add(wheel("numpy", "1.26.4"))
    with index.serving():
        pip(bench, index, "numpy==2.2.0")


@case(
    "pip_requires_python_source",
    "build_log",
    "pip_python_version_conflict",
    "requires a different Python",
    tags=QUICK,
)
def requires_python_source(bench: Bench) -> None:
    pyproject = IN_TREE + '[project]\nname = "scoring-tools"\nversion = "0.3.0"\nrequires-python = "<3.8"\n'
    bench.write("scoring-tools/pyproject.toml", pyproject)
    bench.write("scoring-tools/backend.py", backend_with_metadata("Requires-Python: <3.8\n"))
    with served() as index:
        pip(bench, index, "./scoring-tools")


def backend_with_metadata(more: str, version: str = "0.3.0") -> str:
    """A build backend that offers metadata of its own."""
    return (
        "import os\n"
        "def prepare_metadata_for_build_wheel(directory, config_settings=None):\n"
        f"    info = 'scoring_tools-{version}.dist-info'\n"
        "    os.mkdir(os.path.join(directory, info))\n"
        "    with open(os.path.join(directory, info, 'METADATA'), 'w') as sink:\n"
        f"        sink.write('Metadata-Version: 2.1\\nName: scoring-tools\\nVersion: {version}\\n' + {more!r})\n"
        "    return info\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    raise SystemExit('not built')\n"
    )


# -- requirements that cannot be read --------------------------------------------------------------


@case("pip_operator", "build_log", "pip_invalid_requirement", "Invalid requirement: 'pandas=1.5.3'", tags=QUICK)
def operator(bench: Bench) -> None:
    bench.write("requirements.txt", "numpy==1.26.4\npandas=1.5.3\n")
    with served(wheel("numpy", "1.26.4")) as index:
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_operator_old",
    "build_log",
    "pip_invalid_requirement",
    "= is not a valid operator. Did you mean == ?",
    tags="network",
)
def operator_old(bench: Bench) -> None:
    with served() as index:
        pip(bench, index, "pandas=1.5.3", python=environment("3.8", "pip==21.2.4"))


@case("pip_words", "build_log", "pip_invalid_requirement", "Invalid requirement: ", tags=QUICK)
def words(bench: Bench) -> None:
    bench.write("requirements.txt", "numpy==1.26.4\nscikit learn\n")
    with served(wheel("numpy", "1.26.4")) as index:
        pip(bench, index, "-r", "requirements.txt")


@case("pip_not_a_path", "build_log", "pip_invalid_requirement", "Invalid requirement: ", tags=QUICK)
def not_a_path(bench: Bench) -> None:
    bench.write("requirements.txt", "./wheels/scoring-0.1-py3-none-any.whl extra\n")
    with served() as index:
        pip(bench, index, "-r", "requirements.txt")


@case("pip_option_in_line", "build_log", "pip_invalid_requirement", "no such option: --upgrade-all", tags=QUICK)
def option_in_line(bench: Bench) -> None:
    bench.write("requirements.txt", "numpy==1.26.4\n--upgrade-all pandas\n")
    with served() as index:
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_wheel_name",
    "build_log",
    "pip_invalid_requirement",
    "is not a valid wheel filename",
    tags=QUICK,
)
def wheel_name(bench: Bench) -> None:
    bench.write("wheels/scoring_tools.whl", wheel("scoring-tools", "0.3.0")[1])
    with served() as index:
        pip(bench, index, "./wheels/scoring_tools.whl", python=environment("3.10"))


# -- metadata and hashes ---------------------------------------------------------------------------


@case("pip_metadata_version", "build_log", "pip_invalid_metadata", "has inconsistent version", tags=QUICK)
def metadata_version(bench: Bench) -> None:
    files = {"pyproject.toml": IN_TREE, "backend.py": backend_with_metadata("", "0.4.0")}
    with served(sdist("scoring-tools", "0.3.0", files)) as index:
        pip(bench, index, "scoring-tools==0.3.0")


@case("pip_metadata_specifier", "build_log", "pip_invalid_metadata", "has invalid metadata", tags="network")
def metadata_specifier(bench: Bench) -> None:
    broken = "Metadata-Version: 2.1\nName: pytorch-lightning\nVersion: 1.5.2\nRequires-Dist: torch (>=1.9.*)\n"
    with served(wheel("pytorch-lightning", "1.5.2", metadata=broken)) as index:
        pip(bench, index, "pytorch-lightning==1.5.2", python=environment("3.10", "pip==24.2"))


@case("pip_metadata_missing", "build_log", "pip_invalid_metadata", ".dist-info directory not found", tags=QUICK)
def metadata_missing(bench: Bench) -> None:
    name, _ = wheel("scoring-tools", "0.3.0")
    _, other = wheel("other-tools", "0.3.0")
    bench.write(f"wheels/{name}", other.replace(b".dist-info", b".dist-nope"))
    with served() as index:
        pip(bench, index, f"./wheels/{name}")


@case(
    "pip_hash_wrong",
    "build_log",
    "pip_hash_mismatch",
    "THESE PACKAGES DO NOT MATCH THE HASHES",
    tags=QUICK,
)
def hash_wrong(bench: Bench) -> None:
    bench.write("requirements.txt", f"numpy==1.26.4 --hash=sha256:{hashlib.sha256(b'other').hexdigest()}\n")
    with served(wheel("numpy", "1.26.4")) as index:
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_hash_absent",
    "build_log",
    "pip_hash_mismatch",
    "Hashes are required in --require-hashes mode, but they are missing from some requirements",
    tags=QUICK,
)
def hash_absent(bench: Bench) -> None:
    name, content = wheel("numpy", "1.26.4")
    bench.write(
        "requirements.txt", f"numpy==1.26.4 --hash=sha256:{hashlib.sha256(content).hexdigest()}\npandas==1.5.3\n"
    )
    with served((name, content), wheel("pandas", "1.5.3")) as index:
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_hash_unpinned",
    "build_log",
    "pip_hash_mismatch",
    "In --require-hashes mode, all requirements must have their versions pinned with ==",
    tags=QUICK,
)
def hash_unpinned(bench: Bench) -> None:
    name, content = wheel("pandas", "1.5.3", ["numpy"])
    bench.write("requirements.txt", f"pandas==1.5.3 --hash=sha256:{hashlib.sha256(content).hexdigest()}\n")
    with served((name, content), wheel("numpy", "1.26.4")) as index:
        pip(bench, index, "-r", "requirements.txt")


@case(
    "pip_wheel_platform",
    "build_log",
    "pip_wheel_platform_mismatch",
    "is not a supported wheel on this platform",
    tags=QUICK,
)
def wheel_platform(bench: Bench) -> None:
    name, content = wheel("torch", "1.8.1", tag="cp38-cp38-win_amd64")
    bench.write(f"wheels/{name}", content)
    with served() as index:
        pip(bench, index, f"./wheels/{name}")


# -- the index -------------------------------------------------------------------------------------


@case(
    "pip_index_prompt",
    "build_log",
    "pip_index_auth_failed",
    "User for pypi.example:",
    "EOFError: EOF when reading a line",
    tags=QUICK,
)
def index_prompt(bench: Bench) -> None:
    with Index(refuse=401, challenge='Basic realm="feed"').serving() as index:
        pip(bench, index, "private-scoring-tools==1.0")


@case("pip_index_401", "build_log", "pip_index_auth_failed", "401 Client Error: Unauthorized for url", tags=QUICK)
def index_401(bench: Bench) -> None:
    with Index(refuse=401, challenge='Basic realm="feed"').serving() as index:
        address = index.url.replace("//", "//build:****@")
        pip(bench, index, "-vv", "--no-input", "--index-url", address, "private-scoring-tools==1.0")


@case("pip_index_403", "build_log", "pip_index_auth_failed", "403 Client Error: Forbidden for url", tags=QUICK)
def index_403(bench: Bench) -> None:
    with Index(refuse=403).serving() as index:
        pip(bench, index, "-vv", "private-scoring-tools==1.0")


@case(
    "pip_connection_refused",
    "build_log",
    "build_network_failure",
    "Failed to establish a new connection: [Errno 111] Connection refused",
    tags=QUICK,
)
def connection_refused(bench: Bench) -> None:
    pip(bench, Index(port=free_port()), "--retries", "2", "numpy==1.26.4")


@case("pip_no_dns", "build_log", "build_network_failure", "Name or service not known", tags=QUICK)
def no_dns(bench: Bench) -> None:
    address = "https://pypi.invalid/simple"
    bench.places["pypi.invalid"] = "pypi.example"
    pip(bench, Index(), "--retries", "1", "--index-url", address, "numpy==1.26.4")


@case("pip_cut_off", "build_log", "build_network_failure", "Connection aborted.", tags=QUICK)
def cut_off(bench: Bench) -> None:
    with Index(fail_first=99).add(wheel("numpy", "1.26.4")).serving() as index:
        pip(bench, index, "--retries", "2", "numpy==1.26.4")


@case("pip_self_signed", "build_log", "tls_certificate_untrusted", "CERTIFICATE_VERIFY_FAILED", tags=QUICK)
def self_signed(bench: Bench) -> None:
    certificate = self_signed_certificate(bench.dir / "proxy.pem")
    with Index(certificate=certificate, host="localhost").add(wheel("numpy", "1.26.4")).serving() as index:
        pip(bench, index, "--retries", "1", "numpy==1.26.4")


# -- files, tools, disks ---------------------------------------------------------------------------


@case(
    "pip_requirements_missing",
    "build_log",
    "requirements_file_not_found",
    "Could not open requirements file",
    tags=QUICK,
)
def requirements_missing(bench: Bench) -> None:
    with served() as index:
        pip(bench, index, "-r", "requirements.txt")


@case("pip_git_missing", "build_log", "build_tool_missing", "Cannot find command 'git'", tags=QUICK)
def git_missing(bench: Bench) -> None:
    with served() as index:
        pip(bench, index, "git+https://git.example/team/scoring-tools.git@main", env={"PATH": "/nonexistent"})


@case("pip_tool_missing", "build_log", "build_tool_missing", "No such file or directory: 'cmake'", tags=QUICK)
def tool_missing(bench: Bench) -> None:
    backend = (
        "import subprocess\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    print('-- configuring native extension')\n"
        "    subprocess.check_call(['cmake', '--version'])\n"
    )
    with served(sdist("dlib", "19.24.2", {"pyproject.toml": IN_TREE, "backend.py": backend})) as index:
        pip(bench, index, "dlib==19.24.2", env={"PATH": "/nonexistent"})


@contextlib.contextmanager
def tiny_disk(bench: Bench, size: str) -> Iterator[Path]:
    """A file system of ``size``, mounted in the working directory (root only)."""
    disk = bench.dir / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@case("pip_disk_full", "build_log", "image_build_no_space", "[Errno 28] No space left on device", tags="root")
def disk_full(bench: Bench) -> None:
    name, content = wheel("torch", "2.1.0")
    with tiny_disk(bench, "1m") as disk, served((name, content + b"\0" * 3_000_000)) as index:
        bench.places[str(disk)] = "/tmp"
        pip(bench, index, "torch==2.1.0", env={"TMPDIR": str(disk)})


@case("pip_target_read_only", "build_log", "build_permission_denied", "[Errno 13] Permission denied", tags="root")
def target_read_only(bench: Bench) -> None:
    """As another user, who may not write where the packages go."""
    site = bench.dir / "site"
    site.mkdir(mode=0o755)
    python = bench.use(environment("3.10"))
    with served(wheel("numpy", "1.26.4")) as index:
        bench.places[f"{index.host}:{index.port}"] = "pypi.example"
        bench.places[str(site)] = "/usr/local/lib/python3.10/site-packages"
        shared = python_for_everybody(python, bench)
        bench.run(
            [
                "setpriv",
                "--reuid=65534",
                "--regid=65534",
                "--clear-groups",
                *shared,
                "-m",
                "pip",
                "install",
                "--index-url",
                index.url,
                "--prefix",
                site,
                "numpy==1.26.4",
            ],
            {"HOME": "/nonexistent", "TMPDIR": "/tmp"},
        )


def python_for_everybody(python: Environment, bench: Bench) -> list[str | Path]:
    """How a user without rights in the home of the Python reaches it: a copy of pip on the system's own Python."""
    library = next((python.prefix / "lib").glob("python*/site-packages/pip"))
    shutil.copytree(library, bench.dir / "pip")
    return ["/usr/bin/env", f"PYTHONPATH={bench.dir}", "/usr/bin/python3"]


# -- building from source --------------------------------------------------------------------------

SETUP = (
    "from setuptools import Extension, setup\nsetup(name={name!r}, version={version!r}, ext_modules=[{extension}])\n"
)


def source(name: str, version: str, extension: str, **files: str) -> tuple[str, bytes]:
    """A package with a setup.py and one extension module."""
    texts = {"setup.py": SETUP.format(name=name, version=version, extension=extension)}
    return sdist(name, version, {**texts, **{path.replace("__", "."): text for path, text in files.items()}})


MODULE_C = """\
#include <Python.h>
static struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "_fast"};
PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&m); }
"""


def without_tools(bench: Bench, *allowed: str) -> dict[str, str]:
    """A search path that holds only the programs ``allowed``."""
    tools = bench.dir / "tools"
    tools.mkdir(exist_ok=True)
    for program in allowed:
        found = shutil.which(program)
        if found:
            (tools / program).symlink_to(os.path.realpath(found))
    bench.places[str(tools)] = "/usr/bin"
    return {"PATH": str(tools)}


def build(bench: Bench, package: tuple[str, bytes], requirement: str, env: dict[str, str] | None = None) -> None:
    with served(package) as index:
        pip(bench, index, "--no-build-isolation", requirement, env=env, python=environment(*BUILDER))


@case("wheel_no_gcc", "build_log", "wheel_build_failed_missing_compiler", "error: command 'gcc' failed", tags="network")
def no_gcc(bench: Bench) -> None:
    package = source("pycrypto-fast", "2.6.1", "Extension('_fast', ['fast.c'])", fast__c=MODULE_C)
    build(bench, package, "pycrypto-fast==2.6.1", {**without_tools(bench, "sh", "ld"), "CC": "gcc"})


@case("wheel_no_gxx", "build_log", "wheel_build_failed_missing_compiler", "error: command 'g++' failed", tags="network")
def no_gxx(bench: Bench) -> None:
    package = source("hnsw-index", "0.7.0", "Extension('_fast', ['fast.cpp'], language='c++')", fast__cpp=MODULE_C)
    build(bench, package, "hnsw-index==0.7.0", {**without_tools(bench, "sh", "ld"), "CC": "g++", "CXX": "g++"})


@case("wheel_no_cc_meson", "build_log", "wheel_build_failed_missing_compiler", "Unknown compiler(s)", tags="network")
def no_cc_meson(bench: Bench) -> None:
    files = {
        "pyproject.toml": '[build-system]\nrequires = ["meson-python"]\nbuild-backend = "mesonpy"\n'
        '[project]\nname = "fast-stats"\nversion = "0.2.0"\n',
        "meson.build": "project('fast-stats', 'c', version: "
        "'0.2.0')\nimport('python').find_installation().extension_module('_fast', 'fast.c')\n",
        "fast.c": MODULE_C,
    }
    with served(sdist("fast-stats", "0.2.0", files)) as index:
        python = environment("3.10", "meson-python", "ninja")
        tools = without_tools(bench, "sh")
        tools["PATH"] += f":{python.prefix}/bin"
        pip(bench, index, "--no-build-isolation", "fast-stats==0.2.0", env=tools, python=python)


@case(
    "wheel_header_missing",
    "build_log",
    "wheel_build_failed_other",
    "fatal error: mpi.h: No such file or directory",
    tags="network",
)
def header_missing(bench: Bench) -> None:
    package = source("mpi4py-lite", "3.1.1", "Extension('_fast', ['fast.c'])", fast__c="#include <mpi.h>\n" + MODULE_C)
    build(bench, package, "mpi4py-lite==3.1.1")


@case("wheel_library_missing", "build_log", "wheel_build_failed_other", "cannot find -lgeos_c", tags="network")
def library_missing(bench: Bench) -> None:
    package = source("shapes", "1.8.0", "Extension('_fast', ['fast.c'], libraries=['geos_c'])", fast__c=MODULE_C)
    build(bench, package, "shapes==1.8.0")


@case(
    "wheel_c_error",
    "build_log",
    "wheel_build_failed_other",
    "has no member named ",
    tags="network",
)
def c_error(bench: Bench) -> None:
    """C that an old Cython wrote, against a newer Python."""
    code = MODULE_C + "void f(PyThreadState *s) { s->exc_type = 0; }\n"
    package = source("gensim-fast", "3.8.3", "Extension('_fast', ['fast.c'])", fast__c=code)
    build(bench, package, "gensim-fast==3.8.3")


@case(
    "wheel_setup_import",
    "build_log",
    "wheel_build_failed_other",
    "ModuleNotFoundError: No module named 'torch'",
    tags=QUICK,
)
def setup_import(bench: Bench) -> None:
    """The package's own build imports something that is not there yet: the usual case of packages that extend torch."""
    backend = (
        "import torch\n\ndef build_wheel(directory, config_settings=None, metadata_directory=None):\n    return torch\n"
    )
    with served(sdist("flash-attn", "2.5.0", {"pyproject.toml": IN_TREE, "backend.py": backend})) as index:
        pip(bench, index, "flash-attn==2.5.0")


@case(
    "wheel_setup_raises",
    "build_log",
    "wheel_build_failed_other",
    "RuntimeError: Install requires OpenSlide",
    tags="network",
)
def setup_raises(bench: Bench) -> None:
    files = {"setup.py": "raise RuntimeError('Install requires OpenSlide 3.4 or newer')\n"}
    build(bench, sdist("slide-reader", "1.1", files), "slide-reader==1.1")


@case(
    "wheel_deprecated_name",
    "build_log",
    "wheel_build_failed_other",
    "The 'sklearn' PyPI package is deprecated, use 'scikit-learn'",
    tags="network",
)
def deprecated_name(bench: Bench) -> None:
    """The index's own package of that name, which exists only to refuse."""
    python = bench.use(environment("3.10", "wheel"))
    bench.run(
        [
            python.python,
            "-m",
            "pip",
            "install",
            "--no-build-isolation",
            "--target",
            bench.dir / "site",
            "sklearn==0.0.post12",
        ],
        dict(user_settings()),
    )


def user_settings() -> Iterator[tuple[str, str]]:
    """pip's settings of the user, for the few cases that need the real index."""
    yield "PIP_CONFIG_FILE", ""
    for name in ("PIP_INDEX_URL", "PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        if name in os.environ:
            yield name, os.environ[name]


@case("wheel_killed", "build_log", "oom_killed", "Signals.SIGKILL: 9", tags="quick")
def wheel_killed(bench: Bench) -> None:
    """The compiler of the build is killed, as by the kernel of a machine without memory."""
    backend = (
        "import subprocess, sys\n"
        "def build_wheel(directory, config_settings=None, metadata_directory=None):\n"
        "    print('running build_ext')\n"
        "    subprocess.check_call([sys.executable, '-c', 'import os, signal; os.kill(os.getpid(), "
        "signal.SIGKILL)', 'setup.py'])\n"
    )
    with served(sdist("dask-on-batch", "0.1", {"pyproject.toml": IN_TREE, "backend.py": backend})) as index:
        pip(bench, index, "dask-on-batch==0.1")


@case("pip_uninstall_distutils", "build_log", "pip_cannot_uninstall", "Cannot uninstall", tags="network")
def uninstall_distutils(bench: Bench) -> None:
    python = bench.use(environment("3.10", "pip==22.3.1", fresh=bench.dir.name))
    site = next((python.prefix / "lib").glob("python*/site-packages"))
    (site / "PyYAML-5.3.1.egg-info").write_text("Metadata-Version: 1.1\nName: PyYAML\nVersion: 5.3.1\n")
    with served(wheel("PyYAML", "6.0.1")) as index:
        bench.places[f"{index.host}:{index.port}"] = "pypi.example"
        bench.run([python.python, "-m", "pip", "install", "--index-url", index.url, "PyYAML==6.0.1"])


# -- healthy, however it looks ---------------------------------------------------------------------


def install_in_fresh(bench: Bench, index: Index, python: Environment, *arguments: str) -> None:
    """Into the environment itself, as an image's build does."""
    bench.use(python)
    bench.places[f"{index.host}:{index.port}"] = "pypi.example"
    bench.run([python.python, "-m", "pip", "install", "--index-url", index.url, *arguments])


@case("ok_pip_plain", "build_log", "none", "Successfully installed", tags=QUICK)
def ok_plain(bench: Bench) -> None:
    with served(wheel("pandas", "2.2.3", ["numpy>=1.26.0"]), wheel("numpy", "1.26.4")) as index:
        bench.write("requirements.txt", "pandas==2.2.3\n")
        pip(bench, index, "-r", "requirements.txt")


@case("ok_pip_retries", "build_log", "none", "Retrying (Retry(total=", "Successfully installed", tags=QUICK)
def ok_retries(bench: Bench) -> None:
    with Index(fail_first=2).add(wheel("numpy", "1.26.4")).serving() as index:
        pip(bench, index, "numpy==1.26.4")


@case(
    "ok_pip_dependency_warnings",
    "build_log",
    "none",
    "ERROR: pip's dependency resolver does not currently take into account",
    "Successfully installed",
    tags="slow",
)
def ok_dependency_warnings(bench: Bench) -> None:
    """The error-like notice about packages that were there before; the installation succeeds."""
    python = environment(fresh=bench.dir.name)
    with served(
        wheel("azureml-core", "1.48.0", ["packaging<22"]), wheel("packaging", "21.3"), wheel("packaging", "24.1")
    ) as index:
        install_in_fresh(bench, index, python, "azureml-core==1.48.0")
        bench.forget()
        install_in_fresh(bench, index, python, "packaging==24.1")


@case("ok_pip_yanked_extras", "build_log", "none", "does not provide the extra", "Successfully installed", tags=QUICK)
def ok_extras(bench: Bench) -> None:
    with served(wheel("azureml-dataset-runtime", "1.56.0"), wheel("numpy", "1.26.4")) as index:
        pip(bench, index, "azureml-dataset-runtime[fuse]==1.56.0", "numpy")


@case("ok_pip_deprecations", "build_log", "none", "DEPRECATION:", "Successfully installed", tags="network")
def ok_deprecations(bench: Bench) -> None:
    """Built from source by setup.py install, with compiler warnings."""
    code = (
        "#warning this API is deprecated and will be an error\n"
        + MODULE_C
        + "int unused(void) { int failed; return 1; }\n"
    )
    package = source("error-tools", "0.9", "Extension('_fast', ['fast.c'], extra_compile_args=['-Wall'])", fast__c=code)
    with served(package) as index:
        python = environment("3.10", "pip==22.3.1", fresh=bench.dir.name)
        install_in_fresh(bench, index, python, "-v", "--no-build-isolation", "error-tools==0.9")


@case("ok_pip_upgrade", "build_log", "none", "Successfully installed", tags="network")
def ok_upgrade(bench: Bench) -> None:
    """An older version is uninstalled; names of packages that sound like failures."""
    python = environment("3.10", "pip==23.0.1", fresh=bench.dir.name)
    with served(
        wheel("exceptiongroup", "1.2.0"), wheel("exceptiongroup", "1.1.0"), wheel("error-reporting", "2.0")
    ) as index:
        install_in_fresh(bench, index, python, "exceptiongroup==1.1.0")
        install_in_fresh(bench, index, python, "--upgrade", "exceptiongroup", "error-reporting")


@case("ok_pip_python_skipped", "build_log", "none", "Successfully installed", tags=QUICK)
def ok_python_skipped(bench: Bench) -> None:
    """Newer releases are for a newer Python; an older one serves."""
    index = Index().add(wheel("numpy", "2.9.0", python=">=3.99"), python=">=3.99").add(wheel("numpy", "1.26.4"))
    with index.serving():
        pip(bench, index, "-v", "numpy")


@case("ok_pip_already_there", "build_log", "none", "Requirement already satisfied", tags="slow")
def ok_already_there(bench: Bench) -> None:
    python = environment(fresh=bench.dir.name)
    with served(wheel("pandas", "2.2.3", ["numpy>=1.26.0"]), wheel("numpy", "1.26.4")) as index:
        install_in_fresh(bench, index, python, "pandas")
        install_in_fresh(bench, index, python, "pandas", "numpy")
