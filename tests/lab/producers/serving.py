"""The inference server with entry scripts that are broken in every way, and with good ones in noisy surroundings."""

from __future__ import annotations

import contextlib
import io
import json
import pickle
import socket
import subprocess
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.lab.bench import Bench, free_port, wait_for
from tests.lab.case import case
from tests.lab.environments import Environment, environment
from tests.lab.producers.envs import flask, old_science, old_server, science, server

NET = "network"

GOOD = """\
import json
import logging


def init():
    logging.info("model loaded")


def run(raw_data):
    return {"result": sum(json.loads(raw_data)["data"])}
"""
BODY = '{"data": [1, 2, 3]}'


def post(port: int, *bodies: bytes | str) -> None:
    """Send a scoring request for each body (a good one without any); the answers are not part of the log."""
    for body in bodies or [BODY]:
        data = body if isinstance(body, bytes) else body.encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/score", data, {"Content-Type": "application/json"})
        with contextlib.suppress(urllib.error.URLError, OSError):
            urllib.request.urlopen(request, timeout=20).read()


def serve(
    bench: Bench,
    python: Environment,
    script: str | bytes | None,
    requests: Callable[[int], None] | None = None,
    env: Mapping[str, str] | None = None,
    arguments: Sequence[str] = (),
    wrap: Sequence[str | Path] = (),
    seconds: float = 40.0,
) -> None:
    """Start the server on ``script`` (as score.py) until it answers or dies; send ``requests`` to its port."""
    bench.use(python)
    if script is not None:
        bench.write("score.py", script)
    (bench.dir / "azureml-models").mkdir(exist_ok=True)
    port = free_port()
    bench.places.update({f":{port}": ":5001", f"Server Port: {port}": "Server Port: 5001"})
    bench.places.update({f"Health Port: {port}": "Health Port: 5001", f", {port})": ", 5001)"})
    command: list[str | Path] = [
        *wrap,
        python.bin("azmlinfsrv"),
        "--entry_script",
        "score.py",
        "--port",
        str(port),
        *arguments,
    ]
    settings = {"AZUREML_MODEL_DIR": str(bench.dir / "azureml-models"), **(env or {})}
    with bench.background(command, settings, port, seconds=seconds) as process:
        if requests and wait_for(port, process, 1.0):
            requests(port)
        else:
            await_end(process)


def await_end(process: subprocess.Popen[bytes], seconds: float = 25.0) -> None:
    """Wait until a server that cannot start has ended of itself."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)


def scored(bench: Bench, python: Environment, run: str, *bodies: str | bytes, imports: str = "") -> None:
    """Serve a script whose run() has the body ``run`` and post ``bodies`` to it."""
    script = f"import json\n{imports}\n\ndef init():\n    pass\n\n\ndef run(raw_data):\n" + indent(run)
    serve(bench, python, script, lambda port: post(port, *(bodies or [BODY])))


def initialised(bench: Bench, python: Environment, init: str, imports: str = "", **more: object) -> None:
    """Serve a script whose init() has the body ``init``."""
    script = f"import os\n{imports}\n\ndef init():\n{indent(init)}\n\ndef run(raw_data):\n    return raw_data\n"
    serve(bench, python, script, **more)  # type: ignore[arg-type]


def indent(code: str) -> str:
    return "".join(f"    {line}\n" for line in code.strip().split("\n"))


# -- the entry script ------------------------------------------------------------------------------


@case("srv_script_absent", "container_log", "missing_entry_script", "score.py", "FileNotFoundError", tags=NET)
def script_absent(bench: Bench) -> None:
    serve(bench, server(), None)


@case(
    "srv_no_main",
    "container_log",
    "missing_entry_script",
    "No score script found. Expected score script main.py.",
    tags=NET,
)
def no_main(bench: Bench) -> None:
    """As an image starts it when nothing names the script."""
    python = bench.use(server())
    port = free_port()
    bench.places[f":{port}"] = ":31311"
    command: list[str | Path] = [
        python.bin("gunicorn"),
        "-b",
        f"127.0.0.1:{port}",
        "azureml_inference_server_http.server.entry:app",
    ]
    with bench.background(command, {"AML_APP_ROOT": str(bench.dir)}, port) as process:
        await_end(process)


@case(
    "srv_no_main_old",
    "container_log",
    "missing_entry_script",
    "No score script found. Expected score script main.py.",
    tags=NET,
)
def no_main_old(bench: Bench) -> None:
    python = bench.use(old_server())
    port = free_port()
    bench.places[f":{port}"] = ":31311"
    command: list[str | Path] = [
        python.bin("gunicorn"),
        "-b",
        f"127.0.0.1:{port}",
        "azureml_inference_server_http.server.entry:app",
    ]
    with bench.background(command, {"AML_APP_ROOT": str(bench.dir)}, port) as process:
        await_end(process)


@case("srv_no_init", "container_log", "score_py_missing_init", "does not have a init() function defined.", tags=NET)
def no_init(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("def init", "def initialise"))


@case("srv_no_run", "container_log", "score_py_missing_run", "does not have a run() function defined.", tags=NET)
def no_run(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("def run", "def predict"))


@case(
    "srv_run_no_argument",
    "container_log",
    "score_py_missing_run",
    "run() needs to accept an argument for input data.",
    tags=NET,
)
def run_no_argument(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("raw_data)", ")", 1))


@case(
    "srv_run_star",
    "container_log",
    "score_py_missing_run",
    "run() cannot accept positional-only arguments, *args, or **kwargs.",
    tags=NET,
)
def run_star(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("def run(raw_data)", "def run(*raw_data)"))


@case("srv_no_init_old", "container_log", "score_py_missing_init", "init()", tags=NET)
def no_init_old(bench: Bench) -> None:
    serve(bench, old_server(), GOOD.replace("def init", "def initialise"))


@case("srv_syntax", "container_log", "score_py_syntax_error", "SyntaxError: ", tags=NET)
def syntax(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("def run(raw_data):", "def run(raw_data)"))


@case("srv_indentation", "container_log", "score_py_syntax_error", "IndentationError: ", tags=NET)
def indentation(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("    logging.info", "logging.info"))


@case(
    "srv_tabs",
    "container_log",
    "score_py_syntax_error",
    "TabError: inconsistent use of tabs and spaces in indentation",
    tags=NET,
)
def tabs(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("    return", "    value = 1\n\treturn"))


@case("srv_syntax_newer", "container_log", "score_py_syntax_error", "SyntaxError: invalid syntax", tags=NET)
def syntax_newer(bench: Bench) -> None:
    """Syntax of a newer Python than the image has."""
    serve(bench, old_server(), GOOD + "\n\ndef kind(x):\n    match x:\n        case 1:\n            return 'one'\n")


@case("srv_latin1", "container_log", "score_py_encoding_error", "codec can't decode byte 0xe8", tags=NET)
def latin1(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace("model loaded", "modèle chargé").encode("latin-1"))


@case("srv_utf16", "container_log", "score_py_encoding_error", "source code string cannot contain null bytes", tags=NET)
def utf16(bench: Bench) -> None:
    serve(bench, server(), GOOD.encode("utf-16"))


@case(
    "srv_null_bytes",
    "container_log",
    "score_py_encoding_error",
    "source code string cannot contain null bytes",
    tags=NET,
)
def null_bytes(bench: Bench) -> None:
    serve(bench, server(), GOOD.encode() + b"\0\0\n")


@case("srv_smart_quotes", "container_log", "score_py_encoding_error", "SyntaxError: invalid character", tags=NET)
def smart_quotes(bench: Bench) -> None:
    serve(bench, server(), GOOD.replace('"model loaded"', "“model loaded”"))


# -- modules and libraries -------------------------------------------------------------------------


@case(
    "srv_module_absent",
    "container_log",
    "missing_python_module",
    "ModuleNotFoundError: No module named 'xgboost'",
    tags=NET,
)
def module_absent(bench: Bench) -> None:
    serve(bench, server(), "import xgboost\n" + GOOD)


@case("srv_own_module_absent", "container_log", "missing_python_module", "No module named 'preprocessing'", tags=NET)
def own_module_absent(bench: Bench) -> None:
    bench.write("features/__init__.py", "from preprocessing.text import clean\n")
    serve(bench, server(), "from features import clean\n" + GOOD)


@case("srv_module_absent_late", "container_log", "missing_python_module", "No module named 'azureml.core'", tags=NET)
def module_absent_late(bench: Bench) -> None:
    bench.write("azureml/__init__.py", "")
    initialised(bench, server(), "from azureml.core.model import Model\nModel.get_model_path('churn')")


@case("srv_module_absent_old", "container_log", "missing_python_module", "No module named 'pandas'", tags=NET)
def module_absent_old(bench: Bench) -> None:
    serve(bench, old_server(), "import pandas as pd\n" + GOOD)


def zipped(name: str) -> bytes:
    """A zip archive with one empty file."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr(name, "")
    return data.getvalue()


@case(
    "srv_optional_dependency",
    "container_log",
    "missing_python_module",
    "Missing optional dependency 'openpyxl'",
    tags=NET,
)
def optional_dependency(bench: Bench) -> None:
    bench.write("azureml-models/lookup.xlsx", zipped("xl/workbook.xml"))
    initialised(
        bench,
        science(),
        "pd.read_excel(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'lookup.xlsx'))",
        "import pandas as pd",
    )


def compiled(bench: Bench, library: str = "", code: str = "", *options: str) -> None:
    """An extension module _fast, linked with a library that exists only while it is linked."""
    text = (
        "#include <Python.h>\n"
        + code
        + (
            'static struct PyModuleDef m = {PyModuleDef_HEAD_INIT, "_fast"};\n'
            "PyMODINIT_FUNC PyInit__fast(void) { return PyModule_Create(&m); }\n"
        )
    )
    source = bench.write("fast.c", text)
    python = server()
    include = next((python.base / "include").glob("python3*"))
    options = (*options, "-Wl,--no-as-needed")
    if library:
        empty = bench.write("empty.c", "int lab_unused;\n")
        subprocess.run(["gcc", "-shared", "-o", bench.dir / library, empty, f"-Wl,-soname,{library}"], check=True)
        options = (*options, str(bench.dir / library))
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-I{include}", "-o", bench.dir / "_fast.so", source, *options], check=True
    )
    if library:
        (bench.dir / library).unlink()


@case(
    "srv_shared_library",
    "container_log",
    "missing_shared_library",
    "libmkl_rt.so.2: cannot open shared object file",
    tags=NET,
)
def shared_library(bench: Bench) -> None:
    compiled(bench, "libmkl_rt.so.2")
    serve(bench, server(), "import _fast\n" + GOOD)


@case(
    "srv_ctypes_library",
    "container_log",
    "missing_shared_library",
    "libsndfile.so.9: cannot open shared object file",
    tags=NET,
)
def ctypes_library(bench: Bench) -> None:
    initialised(bench, server(), "ctypes.CDLL('libsndfile.so.9')", "import ctypes")


@case("srv_glibc", "container_log", "glibc_version_mismatch", "version `GLIBC_2.41' not found", tags=NET)
def glibc(bench: Bench) -> None:
    """A module linked against a newer libm than this machine's: a stand-in library with that symbol version."""
    bench.write("newer.c", "int lab_newer(void) { return 1; }\n")
    bench.write("newer.map", "GLIBC_2.41 { global: lab_newer; };\n")
    subprocess.run(
        [
            "gcc",
            "-shared",
            "-o",
            bench.dir / "libm.so.6",
            bench.dir / "newer.c",
            "-Wl,-soname,libm.so.6",
            f"-Wl,--version-script={bench.dir / 'newer.map'}",
        ],
        check=True,
    )
    code = "int lab_newer(void);\nint use(void) { return lab_newer(); }\n"
    compiled(bench, "", code, str(bench.dir / "libm.so.6"))
    (bench.dir / "libm.so.6").unlink()
    serve(bench, server(), "import _fast\n" + GOOD)


@case("srv_other_architecture", "container_log", "wrong_cpu_architecture", "_fast.so: ", tags=NET)
def other_architecture(bench: Bench) -> None:
    compiled(bench)
    library = bench.dir / "_fast.so"
    content = bytearray(library.read_bytes())
    content[4] = 1  # ELFCLASS32: the class of 32-bit ARM
    content[18:20] = b"\x28\x00"  # EM_ARM
    library.write_bytes(content)
    serve(bench, server(), "import _fast\n" + GOOD)


# -- models ----------------------------------------------------------------------------------------

UNPICKLE = "global model\nmodel = pickle.load(open(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'model.pkl'), 'rb'))"
LOAD = "global model\nmodel = joblib.load(os.path.join(os.environ['AZUREML_MODEL_DIR'], 'model.pkl'))"

PREDICT = (
    "import json\nimport os\nimport joblib\n\n\n"
    f"def init():\n{indent(LOAD)}\n\n"
    "def run(raw_data):\n    return model.predict(json.loads(raw_data)['data']).tolist()\n"
)


def model(bench: Bench, python: Environment, code: str, name: str = "model.pkl", by: str = "joblib") -> None:
    """Write a model with the packages of ``python``; ``code`` puts it into ``model``, ``by`` names the pickler."""
    target = bench.dir / "azureml-models" / name
    target.parent.mkdir(exist_ok=True)
    sink = repr(str(target)) if by == "joblib" else f"open({str(target)!r}, 'wb')"
    script = f"import {by}\n{code}\n{by}.dump(model, {sink})\n"
    subprocess.run([python.python, "-c", script], check=True, capture_output=True, cwd=bench.dir)


FOREST = (
    "from sklearn.datasets import load_iris\n"
    "from sklearn.ensemble import RandomForestClassifier\n"
    "model = RandomForestClassifier(n_estimators=3, random_state=0).fit(*load_iris(return_X_y=True))"
)


@case(
    "srv_model_absent",
    "container_log",
    "model_file_not_found",
    "FileNotFoundError: [Errno 2] No such file or directory",
    tags=NET,
)
def model_absent(bench: Bench) -> None:
    initialised(bench, science(), LOAD, "import joblib")


@case("srv_model_one_deeper", "container_log", "model_file_not_found", "No such file or directory", tags=NET)
def model_one_deeper(bench: Bench) -> None:
    """The file is there, one folder deeper."""
    bench.write("azureml-models/churn/3/model.pkl", pickle.dumps({}))
    initialised(bench, science(), "path = os.path.join(os.getenv('AZUREML_MODEL_DIR'), 'model.pkl')\nopen(path, 'rb')")


@case("srv_get_model_path", "container_log", "model_file_not_found", "Model churn-model not found in cache", tags=NET)
def get_model_path(bench: Bench) -> None:
    initialised(
        bench,
        server("azureml-core==1.61.0.post4"),
        "Model.get_model_path('churn-model')",
        "from azureml.core.model import Model",
    )


@case("srv_model_dir_unset", "container_log", "model_file_not_found", "FileNotFoundError", tags=NET)
def model_dir_unset(bench: Bench) -> None:
    initialised(
        bench, science(), "pd.read_csv('/var/azureml-app/azureml-models/lookup/1/lookup.csv')", "import pandas as pd"
    )


@case("srv_model_empty", "container_log", "model_file_corrupt", "EOFError", tags=NET)
def model_empty(bench: Bench) -> None:
    bench.write("azureml-models/model.pkl", b"")
    initialised(bench, science(), LOAD, "import joblib")


@case("srv_model_cut", "container_log", "model_file_corrupt", "pickle data was truncated", tags=NET)
def model_cut(bench: Bench) -> None:
    bench.write("azureml-models/model.pkl", pickle.dumps({"weights": b"\1" * 100_000})[:40_000])
    initialised(
        bench, server(), "pickle.load(open(os.environ['AZUREML_MODEL_DIR'] + '/model.pkl', 'rb'))", "import pickle"
    )


@case("srv_model_pointer", "container_log", "model_file_corrupt", "invalid load key, 'v'.", tags=NET)
def model_pointer(bench: Bench) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 83912\n"
    bench.write("azureml-models/model.pkl", pointer)
    initialised(
        bench, server(), "pickle.load(open(os.environ['AZUREML_MODEL_DIR'] + '/model.pkl', 'rb'))", "import pickle"
    )


@case("srv_model_zip", "container_log", "model_file_corrupt", "zipfile.BadZipFile: File is not a zip file", tags=NET)
def model_zip(bench: Bench) -> None:
    bench.write("azureml-models/model.zip", b"<html><body>404</body></html>")
    initialised(bench, server(), "zipfile.ZipFile(os.environ['AZUREML_MODEL_DIR'] + '/model.zip')", "import zipfile")


@case(
    "srv_pickle_older",
    "container_log",
    "pickle_version_mismatch",
    "No module named 'sklearn.ensemble.forest'",
    tags=NET,
)
def pickle_older(bench: Bench) -> None:
    model(bench, environment("3.7", "scikit-learn==0.21.3", "numpy==1.17.5", "scipy==1.3.3", "joblib==1.1.0"), FOREST)
    initialised(bench, science(), LOAD, "import joblib")


@case(
    "srv_pickle_tree",
    "container_log",
    "pickle_version_mismatch",
    "node array from the pickle has an incompatible dtype",
    tags=NET,
)
def pickle_tree(bench: Bench) -> None:
    model(bench, old_science(), FOREST)
    initialised(bench, science(), LOAD, "import joblib")


NEWER = ("scikit-learn==1.5.2", "numpy==1.26.4", "joblib==1.4.2")
BOOSTING = (
    "from sklearn.datasets import load_iris\n"
    "from sklearn.ensemble import HistGradientBoostingClassifier\n"
    "model = HistGradientBoostingClassifier(max_iter=3).fit(*load_iris(return_X_y=True))"
)


@case(
    "srv_pickle_newer",
    "container_log",
    "pickle_version_mismatch",
    "TypeError: __generator_ctor() takes from 0 to 1 positional arguments but 2 were given",
    tags=NET,
)
def pickle_newer(bench: Bench) -> None:
    model(bench, environment("3.10", *NEWER), BOOSTING, by="pickle")
    initialised(bench, old_science(), UNPICKLE, "import pickle")


@case("srv_pickle_joblib", "container_log", "pickle_version_mismatch", "KeyError: ", tags=NET)
def pickle_joblib(bench: Bench) -> None:
    """joblib aligns its arrays since 1.2; an older one reads the padding as an instruction."""
    model(bench, environment("3.10", *NEWER), FOREST)
    initialised(bench, old_science(), LOAD, "import joblib")


@case(
    "srv_pickle_numpy2",
    "container_log",
    "pickle_version_mismatch",
    "ModuleNotFoundError: No module named 'numpy._core'",
    tags=NET,
)
def pickle_numpy2(bench: Bench) -> None:
    code = "import numpy as np\nmodel = {'weights': np.arange(9.0)}"
    model(bench, environment("3.10", "scikit-learn==1.5.2", "numpy==2.1.3"), code, by="pickle")
    initialised(bench, old_science(), UNPICKLE, "import pickle")


@case("srv_pickle_protocol", "container_log", "pickle_version_mismatch", "unsupported pickle protocol: 5", tags=NET)
def pickle_protocol(bench: Bench) -> None:
    python = environment("3.7", "gunicorn==20.1.0", "Flask==1.1.4", "markupsafe==2.0.1")
    bench.write("azureml-models/model.pkl", pickle.dumps({}, protocol=5))
    old_style(bench, python, "pickle.load(open('azureml-models/model.pkl', 'rb'))", "import pickle")


@case(
    "srv_pickle_class",
    "container_log",
    "pickle_class_not_importable",
    "Can't get attribute 'Shortener' on <module '__main__'",
    tags=NET,
)
def pickle_class(bench: Bench) -> None:
    model(bench, science(), "class Shortener:\n    pass\nmodel = Shortener()")
    initialised(bench, science(), LOAD, "import joblib")


@case("srv_onnx_version", "container_log", "model_framework_mismatch", "max supported IR version", tags=NET)
def onnx_version(bench: Bench) -> None:
    python = server("onnxruntime==1.12.1", "numpy==1.26.4", "onnx==1.16.1")
    code = (
        "import onnx\nfrom onnx import helper as h, TensorProto as t\n"
        "x = h.make_tensor_value_info('x', t.FLOAT, [1]); y = h.make_tensor_value_info('y', t.FLOAT, [1])\n"
        "g = h.make_graph([h.make_node('Identity', ['x'], ['y'])], 'g', [x], [y])\n"
        "m = h.make_model(g); m.ir_version = 10\n"
        "onnx.save(m, 'azureml-models/model.onnx')\n"
    )
    (bench.dir / "azureml-models").mkdir()
    subprocess.run([python.python, "-c", code], check=True, cwd=bench.dir)
    initialised(
        bench,
        python,
        "ort.InferenceSession(os.environ['AZUREML_MODEL_DIR'] + '/model.onnx')",
        "import onnxruntime as ort",
    )


# -- packages that do not fit one another ----------------------------------------------------------


@case(
    "srv_numpy_abi_2",
    "container_log",
    "numpy_abi_mismatch",
    "numpy.dtype size changed, may indicate binary incompatibility",
    tags=NET,
)
def numpy_abi_2(bench: Bench) -> None:
    serve(bench, science(without_deps=("numpy==2.1.3",)), "import pandas as pd\n" + GOOD)


@case(
    "srv_numpy_abi_sklearn",
    "container_log",
    "numpy_abi_mismatch",
    "A module that was compiled using NumPy 1.x cannot be run in",
    tags=NET,
)
def numpy_abi_sklearn(bench: Bench) -> None:
    serve(bench, science(without_deps=("numpy==2.1.3",)), "from sklearn.linear_model import Ridge\n" + GOOD)


@case(
    "srv_matplotlib_numpy",
    "container_log",
    "python_package_version_conflict",
    "Matplotlib requires numpy>=1.20; you have 1.17.5",
    tags=NET,
)
def matplotlib_numpy(bench: Bench) -> None:
    python = old_server("numpy==1.24.4", "matplotlib==3.7.5", without_deps=("numpy==1.17.5",))
    serve(bench, python, "import matplotlib.pyplot as plt\n" + GOOD)


@case(
    "srv_pandas_numpy",
    "container_log",
    "python_package_version_conflict",
    "this version of pandas is incompatible with numpy < 1.20.3",
    tags=NET,
)
def pandas_numpy(bench: Bench) -> None:
    serve(
        bench, old_server("numpy==1.24.4", "pandas==2.0.3", without_deps=("numpy==1.19.5",)), "import pandas\n" + GOOD
    )


@case("srv_numpy_removed", "container_log", "python_api_removed", "module 'numpy' has no attribute 'float'", tags=NET)
def numpy_removed(bench: Bench) -> None:
    scored(
        bench,
        science(),
        "return np.array(json.loads(raw_data)['data'], dtype=np.float).tolist()",
        imports="import numpy as np",
    )


@case(
    "srv_joblib_removed",
    "container_log",
    "python_api_removed",
    "cannot import name 'joblib' from 'sklearn.externals'",
    tags=NET,
)
def joblib_removed(bench: Bench) -> None:
    serve(bench, science(), "from sklearn.externals import joblib\n" + GOOD)


@case(
    "srv_pandas_removed",
    "container_log",
    "python_api_removed",
    "'DataFrame' object has no attribute 'append'",
    tags=NET,
)
def pandas_removed(bench: Bench) -> None:
    run = "frame = pd.DataFrame()\nreturn frame.append({'x': 1}, ignore_index=True).to_json()"
    scored(bench, server("pandas==2.2.3", "numpy==1.26.4"), run, imports="import pandas as pd")


@case(
    "srv_collections_removed",
    "container_log",
    "python_api_removed",
    "cannot import name 'Mapping' from 'collections'",
    tags=NET,
)
def collections_removed(bench: Bench) -> None:
    serve(bench, server(), "from collections import Mapping\n" + GOOD)


@case(
    "srv_protobuf_descriptors", "container_log", "protobuf_version_conflict", "TypeError: Descriptors cannot", tags=NET
)
def protobuf_descriptors(bench: Bench) -> None:
    python = old_server("onnx==1.11.0", "numpy==1.24.4", without_deps=("protobuf==4.25.3",))
    serve(bench, python, "import onnx\n" + GOOD)


@case(
    "srv_protobuf_older",
    "container_log",
    "protobuf_version_conflict",
    "cannot import name 'builder' from 'google.protobuf.internal'",
    tags=NET,
)
def protobuf_older(bench: Bench) -> None:
    python = server("onnx==1.14.1", "numpy==1.26.4", without_deps=("protobuf==3.19.6",))
    serve(bench, python, "import onnx\n" + GOOD)


@case(
    "srv_transformers_tokenizers",
    "container_log",
    "python_package_version_conflict",
    "is required for a normal functioning of this module, but found tokenizers==0.20.3",
    tags=NET,
)
def transformers_tokenizers(bench: Bench) -> None:
    python = server("transformers==4.30.2", "numpy==1.26.4", without_deps=("tokenizers==0.20.3",))
    serve(bench, python, "import transformers\n" + GOOD)


@case(
    "srv_werkzeug3",
    "container_log",
    "inference_server_dependency_conflict",
    "cannot import name 'url_quote' from 'werkzeug.urls'",
    tags=NET,
)
def werkzeug3(bench: Bench) -> None:
    serve(bench, old_server(without_deps=("Flask==2.0.3", "Werkzeug==3.0.6")), GOOD)


@case(
    "srv_jinja_escape",
    "container_log",
    "inference_server_dependency_conflict",
    "cannot import name 'escape' from 'jinja2'",
    tags=NET,
)
def jinja_escape(bench: Bench) -> None:
    serve(
        bench,
        old_server(without_deps=("Flask==1.1.4", "Werkzeug==1.0.1", "Jinja2==3.1.4", "itsdangerous==2.0.1")),
        GOOD,
    )


@case(
    "srv_soft_unicode",
    "container_log",
    "inference_server_dependency_conflict",
    "cannot import name 'soft_unicode' from 'markupsafe'",
    tags=NET,
)
def soft_unicode(bench: Bench) -> None:
    old_style(bench, environment("3.8", "gunicorn==20.1.0", "Flask==1.1.4", "markupsafe==2.1.5"), "pass")


@case(
    "srv_itsdangerous_json",
    "container_log",
    "inference_server_dependency_conflict",
    "cannot import name 'json' from 'itsdangerous'",
    tags=NET,
)
def itsdangerous_json(bench: Bench) -> None:
    old_style(
        bench,
        environment(
            "3.8",
            "gunicorn==20.1.0",
            "Flask==1.1.2",
            "markupsafe==2.0.1",
            "Jinja2==2.11.3",
            without_deps=("itsdangerous==2.1.2",),
        ),
        "pass",
    )


@case(
    "srv_flask2_register",
    "container_log",
    "inference_server_dependency_conflict",
    "register() takes 3 positional arguments but 4 were given",
    tags=NET,
)
def flask2_register(bench: Bench) -> None:
    python = environment(
        "3.8",
        "azureml-inference-server-http==0.4.0",
        without_deps=(
            "Flask==2.2.5",
            "Werkzeug==2.2.3",
            "Jinja2==3.0.3",
            "MarkupSafe==2.0.1",
            "itsdangerous==2.1.2",
            "click==8.1.7",
        ),
    )
    serve(bench, python, GOOD)


# -- init ------------------------------------------------------------------------------------------


@case("srv_init_raises", "container_log", "init_exception_other", "ValueError: unknown tokenizer 'bpe-large'", tags=NET)
def init_raises(bench: Bench) -> None:
    initialised(bench, server(), "raise ValueError(\"unknown tokenizer 'bpe-large'\")")


@case("srv_init_key", "container_log", "init_exception_other", "KeyError: 'FEATURE_STORE_URL'", tags=NET)
def init_key(bench: Bench) -> None:
    initialised(bench, server(), "os.environ['FEATURE_STORE_URL']")


@case("srv_init_name", "container_log", "init_exception_other", "NameError: name 'joblib' is not defined", tags=NET)
def init_name(bench: Bench) -> None:
    initialised(bench, server(), LOAD)


@case(
    "srv_workspace_config",
    "container_log",
    "workspace_config_missing",
    "The workspace configuration file config.json, could not be found in",
    "workspace configuration file",
    tags=NET,
)
def workspace_config(bench: Bench) -> None:
    initialised(
        bench, server("azureml-core==1.61.0.post4"), "Workspace.from_config()", "from azureml.core import Workspace"
    )


@case("srv_identity", "container_log", "managed_identity_token_failure", "ManagedIdentityCredential", tags=NET)
def identity(bench: Bench) -> None:
    env = {"IDENTITY_ENDPOINT": f"http://127.0.0.1:{free_port()}/token", "IDENTITY_HEADER": "lab"}
    bench.places[env["IDENTITY_ENDPOINT"].rpartition("/")[0]] = "http://127.0.0.1:41741"
    imports = "from azure.identity import ManagedIdentityCredential"
    initialised(
        bench, server(), "ManagedIdentityCredential().get_token('https://storage.azure.com/.default')", imports, env=env
    )


@case("srv_no_memory", "container_log", "oom_killed", "Unable to allocate", tags=NET)
def no_memory(bench: Bench) -> None:
    scored(bench, science(), "return np.ones((4_000_000, 2_000_000)).sum()", imports="import numpy as np")


@case("srv_memory_error", "container_log", "oom_killed", "MemoryError", tags=NET)
def memory_error(bench: Bench) -> None:
    initialised(bench, server(), "cache = bytearray(900_000_000)", wrap=["prlimit", "--as=800000000"])


@case("srv_no_gpu", "container_log", "gpu_not_available", "CUDA", tags=NET)
def no_gpu(bench: Bench) -> None:
    python = server("numba==0.59.1", "numpy==1.26.4")
    initialised(bench, python, "cuda.select_device(0)", "from numba import cuda")


@case(
    "srv_write_denied",
    "container_log",
    "container_permission_denied",
    "PermissionError: [Errno 13] Permission denied: '/var/azureml-app/cache/",
    tags="network root",
)
def write_denied(bench: Bench) -> None:
    """A server without root's right to write everywhere; the folder belongs to another user."""
    cache = bench.dir / "cache"
    cache.mkdir(mode=0o755)
    subprocess.run(["chown", "65534:65534", cache], check=True)
    drop = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"]
    initialised(bench, server(), f"open('{cache}/vocabulary.json', 'w')", wrap=drop)


@case(
    "srv_disk_full",
    "container_log",
    "container_disk_full",
    "OSError: [Errno 28] No space left on device",
    tags="network root",
)
def disk_full(bench: Bench) -> None:
    disk = bench.dir / "tmp"
    disk.mkdir()
    bench.places[str(disk)] = "/tmp"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=True)
    try:
        scored(bench, server(), f"open('{disk}/request.bin', 'wb').write(b'x' * 4_000_000)\nreturn 1")
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@case("srv_locale", "container_log", "locale_error", "'ascii' codec can't decode byte", tags=NET)
def locale(bench: Bench) -> None:
    bench.write("azureml-models/labels.txt", "café\nnaïve\n")
    env = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    initialised(bench, server(), "open(os.environ['AZUREML_MODEL_DIR'] + '/labels.txt').read()", env=env)


@case("srv_segfault", "container_log", "native_crash_segfault", "Segmentation fault", tags=NET)
def segfault(bench: Bench) -> None:
    scored(bench, server(), "return ctypes.string_at(8).decode()", imports="import ctypes")


@case("srv_port_taken", "container_log", "port_conflict", "Connection in use: ", tags=NET)
def port_taken(bench: Bench) -> None:
    python = bench.use(flask())
    bench.write("app.py", APPLICATION.format(imports="", init="pass"))
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        bench.places[str(port)] = "5001"
        bench.run([python.bin("gunicorn"), "-b", f"0.0.0.0:{port}", "app:app"], seconds=20)


@case(
    "srv_timeout_setting",
    "container_log",
    "server_config_invalid",
    "Configuration Error",
    "SCORING_TIMEOUT_MS",
    tags=NET,
)
def timeout_setting(bench: Bench) -> None:
    serve(bench, server(), GOOD, env={"SCORING_TIMEOUT_MS": "60s"})


@case(
    "srv_worker_setting",
    "container_log",
    "server_config_invalid",
    "invalid literal for int() with base 10: 'two'",
    tags=NET,
)
def worker_setting(bench: Bench) -> None:
    serve(bench, server(), GOOD, env={"WORKER_COUNT": "two"})


@case(
    "srv_port_setting",
    "container_log",
    "server_config_invalid",
    "argument --port: invalid validate_port value: '99999'",
    tags=NET,
)
def port_setting(bench: Bench) -> None:
    python = bench.use(server())
    bench.write("score.py", GOOD)
    bench.run([python.bin("azmlinfsrv"), "--entry_script", "score.py", "--port", "99999"])


@case(
    "srv_no_script_argument",
    "container_log",
    "server_config_invalid",
    "Either provide an entry_script using --entry_script",
    tags=NET,
)
def no_script_argument(bench: Bench) -> None:
    python = bench.use(server())
    bench.run([python.bin("azmlinfsrv"), "--model_dir", "models"])


# -- run -------------------------------------------------------------------------------------------


@case("srv_run_raises", "container_log", "run_exception_other", "ZeroDivisionError: division by zero", tags=NET)
def run_raises(bench: Bench) -> None:
    scored(bench, server(), "return 1 / 0")


@case("srv_run_unbound", "container_log", "run_exception_other", "NameError: name 'model' is not defined", tags=NET)
def run_unbound(bench: Bench) -> None:
    scored(bench, server(), "return model.predict(json.loads(raw_data)['data'])")


@case("srv_input_features", "container_log", "input_schema_mismatch", "is expecting 4 features as input", tags=NET)
def input_features(bench: Bench) -> None:
    python = science()
    model(bench, python, FOREST)
    serve(bench, python, PREDICT, lambda port: post(port, '{"data": [[1, 2, 3]]}'))


@case("srv_input_key", "container_log", "input_schema_mismatch", "KeyError: 'data'", tags=NET)
def input_key(bench: Bench) -> None:
    scored(bench, server(), "return json.loads(raw_data)['data']", '{"inputs": [1]}')


@case(
    "srv_input_not_json", "container_log", "input_schema_mismatch", "json.decoder.JSONDecodeError: Expecting", tags=NET
)
def input_not_json(bench: Bench) -> None:
    scored(bench, server(), "return json.loads(raw_data)['data']", "{'data': [1]}")


@case("srv_input_columns", "container_log", "input_schema_mismatch", "not in index", tags=NET)
def input_columns(bench: Bench) -> None:
    run = "frame = pd.DataFrame(json.loads(raw_data)['data'])\nreturn frame[['age', 'income']].to_dict('records')"
    scored(bench, science(), run, '{"data": [{"age": 40}]}', imports="import pandas as pd")


@case(
    "srv_result_array",
    "container_log",
    "json_not_serializable",
    "Object of type ndarray is not JSON serializable",
    tags=NET,
)
def result_array(bench: Bench) -> None:
    scored(bench, science(), "return {'scores': np.array([1.0])}", imports="import numpy as np")


@case(
    "srv_result_int64",
    "container_log",
    "json_not_serializable",
    "Object of type int64 is not JSON serializable",
    tags=NET,
)
def result_int64(bench: Bench) -> None:
    scored(bench, science(), "return json.dumps({'label': np.int64(3)})", imports="import numpy as np")


@case(
    "srv_run_slow",
    "container_log",
    "scoring_timeout",
    "Script failed to finish execution within the allocated time: 1000ms",
    tags=NET,
)
def run_slow(bench: Bench) -> None:
    script = GOOD.replace("    return", "    import time\n    time.sleep(5)\n    return")
    serve(bench, server(), script, post, env={"SCORING_TIMEOUT_MS": "1000"})


# -- gunicorn and Flask, as the first generation's images did it -----------------------------------

APPLICATION = """\
import json

from flask import Flask, request
{imports}

app = Flask(__name__)


def init():
    {init}


init()


@app.route("/score", methods=["POST"])
def score():
    return json.dumps(sum(json.loads(request.data)["data"]))
"""


def old_style(
    bench: Bench,
    python: Environment,
    init: str,
    imports: str = "",
    requests: Callable[[int], None] | None = None,
    arguments: Sequence[str] = (),
    app: str = "app:app",
    wait: float = 15.0,
) -> None:
    """gunicorn on port 5001 with an application that calls init() when it is imported."""
    bench.use(python)
    bench.write("app.py", APPLICATION.format(imports=imports, init=init))
    port = free_port()
    bench.places[f":{port}"] = ":5001"
    command: list[str | Path] = [
        python.bin("gunicorn"),
        "-b",
        f"0.0.0.0:{port}",
        "--access-logfile",
        "-",
        *arguments,
        app,
    ]
    with bench.background(command, None, port) as process:
        if requests:
            requests(port)
        else:
            await_end(process, wait)


@case(
    "gunicorn_no_module",
    "container_log",
    "gunicorn_app_not_found",
    "ModuleNotFoundError: No module named 'wsgi'",
    tags=NET,
)
def gunicorn_no_module(bench: Bench) -> None:
    old_style(bench, flask(), "pass", app="wsgi:app")


@case(
    "gunicorn_no_attribute",
    "container_log",
    "gunicorn_app_not_found",
    "Failed to find attribute 'application' in 'app'.",
    tags=NET,
)
def gunicorn_no_attribute(bench: Bench) -> None:
    old_style(bench, flask(), "pass", app="app:application")


@case(
    "gunicorn_bad_option",
    "container_log",
    "server_config_invalid",
    "argument -w/--workers: invalid int value: 'auto'",
    tags=NET,
)
def gunicorn_bad_option(bench: Bench) -> None:
    old_style(bench, flask(), "pass", arguments=["--workers", "auto"])


@case("gunicorn_bad_config", "container_log", "server_config_invalid", "gunicorn.conf.missing.py", tags=NET)
def gunicorn_bad_config(bench: Bench) -> None:
    old_style(bench, flask(), "pass", arguments=["-c", "gunicorn.conf.missing.py"])


@case("gunicorn_module_missing", "container_log", "missing_python_module", "No module named 'lightgbm'", tags=NET)
def gunicorn_module_missing(bench: Bench) -> None:
    old_style(bench, flask(), "pass", "import lightgbm as lgb")


@case("gunicorn_slow_init", "container_log", "init_worker_timeout", "WORKER TIMEOUT (pid:", tags=NET)
def gunicorn_slow_init(bench: Bench) -> None:
    old_style(bench, flask(), "time.sleep(60)", "import time", arguments=["--timeout", "3"], wait=14)


@case(
    "gunicorn_init_exits",
    "container_log",
    "init_exception_other",
    "RuntimeError: license check failed for model 'ocr-fr'",
    tags=NET,
)
def gunicorn_init_exits(bench: Bench) -> None:
    old_style(bench, flask(), "raise RuntimeError(\"license check failed for model 'ocr-fr'\")")


@case(
    "gunicorn_run_raises",
    "container_log",
    "run_exception_other",
    "TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'",
    tags=NET,
)
def gunicorn_run_raises(bench: Bench) -> None:
    old_style(bench, flask(), "pass", requests=lambda port: post(port, '{"data": [1, null]}'))


# -- healthy ---------------------------------------------------------------------------------------


@case("ok_srv_scores", "container_log", "none", "Users's init has completed successfully", "POST /score 200", tags=NET)
def ok_scores(bench: Bench) -> None:
    serve(bench, server(), GOOD, lambda port: post(port, *[BODY] * 3))


@case("ok_srv_old", "container_log", "none", "POST /score 200", tags=NET)
def ok_old(bench: Bench) -> None:
    serve(bench, old_server(), GOOD, post)


@case("ok_srv_warnings", "container_log", "none", "DeprecationWarning", "POST /score 200", tags=NET)
def ok_warnings(bench: Bench) -> None:
    script = GOOD.replace(
        'logging.info("model loaded")',
        (
            'warnings.warn("the error_score parameter is deprecated", DeprecationWarning)\n'
            '    logging.warning("could not find a GPU, using the CPU instead")\n'
            '    print("failed records so far: 0, errors: none")'
        ),
    )
    serve(bench, server(), "import warnings\nwarnings.simplefilter('always')\n" + script, post)


@case("ok_srv_sklearn_warns", "container_log", "none", "InconsistentVersionWarning", "POST /score 200", tags=NET)
def ok_sklearn_warns(bench: Bench) -> None:
    """A model of another version that loads with a warning, and works."""
    code = (
        "from sklearn.datasets import load_iris\n"
        "from sklearn.linear_model import Ridge\n"
        "model = Ridge().fit(*load_iris(return_X_y=True))"
    )
    model(bench, environment("3.10", "scikit-learn==1.5.2", "numpy==1.26.4"), code)
    serve(bench, science(), PREDICT, lambda port: post(port, '{"data": [[1, 2, 3, 4]]}'))


@case("ok_srv_handled", "container_log", "none", "Traceback (most recent call last)", "POST /score 200", tags=NET)
def ok_handled(bench: Bench) -> None:
    """The script logs an exception that it handles itself, with its traceback, and goes on."""
    script = (
        "import json\nimport logging\n\n"
        "def init():\n    global cache\n    try:\n        cache = open('/var/azureml-app/warm-cache.json').read()\n"
        "    except OSError:\n        logging.getLogger('azmlinfsrv').warning('no warm cache, "
        "starting cold', exc_info=True)\n        cache = None\n\n"
        "def run(raw_data):\n    return sum(json.loads(raw_data)['data'])\n"
    )
    serve(bench, server(), script, post)


@case(
    "ok_srv_extra_keys",
    "container_log",
    "none",
    "Found extra keys in the config file that are not supported by the server.",
    tags=NET,
)
def ok_extra_keys(bench: Bench) -> None:
    """A workspace's config.json next to the script is read as the server's own, with a warning."""
    bench.write("config.json", json.dumps({"subscription_id": "0" * 8, "resource_group": "rg", "workspace_name": "ws"}))
    serve(bench, server(), GOOD, post)


@case("ok_gunicorn", "container_log", "none", "Booting worker with pid", '"POST /score HTTP/1.1" 200', tags=NET)
def ok_gunicorn(bench: Bench) -> None:
    old_style(bench, flask(), "pass", requests=lambda port: post(port, *[BODY] * 2), arguments=["-w", "2"])


@case(
    "ok_gunicorn_restarts",
    "container_log",
    "none",
    "Autorestarting worker after current request.",
    '"POST /score HTTP/1.1" 200',
    tags=NET,
)
def ok_gunicorn_restarts(bench: Bench) -> None:
    """Workers that retire after a number of requests, as configured."""
    old_style(
        bench,
        flask(),
        "pass",
        requests=lambda port: post(port, *[BODY] * 3),
        arguments=["--max-requests", "2"],
    )


@case("ok_gunicorn_client_errors", "container_log", "none", '"GET /favicon.ico HTTP/1.1" 404', tags=NET)
def ok_gunicorn_client_errors(bench: Bench) -> None:
    """Somebody opens the address in a browser; requests are answered."""

    def requests(port: int) -> None:
        subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/favicon.ico"], capture_output=True, check=False)
        post(port)

    old_style(bench, flask(), "pass", requests=requests)
