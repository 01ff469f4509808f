"""What it costs the rest of az that this extension is there."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent

IMPORTED_BY_THE_LOADER = """
import json, sys, types
from azure.cli.core.mock import DummyCli
cli = DummyCli()
cli.invocation = types.SimpleNamespace(data={"command_string": "ml trouble diagnose"})
before = set(sys.modules)
import azext_mltrouble
loader = azext_mltrouble.COMMAND_LOADER_CLS(cli_ctx=cli)
table = loader.load_command_table(["ml", "trouble", "diagnose"])
loader.command_name = "ml trouble diagnose"
table["ml trouble diagnose"].load_arguments()
loader.load_arguments("ml trouble diagnose")
print(json.dumps({"commands": sorted(table), "modules": sorted(set(sys.modules) - before)}))
"""

WITHOUT_AZURE = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("azure", "azureml", "knack", "msal", "docker"):
            raise ImportError("not installed: " + name)
sys.meta_path.insert(0, Refuse())
"""


def python(code: str, stdin: str = "") -> str:
    """What a new interpreter prints that runs ``code`` in the checkout."""
    done = subprocess.run([sys.executable, "-c", code], input=stdin, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loading_the_commands_imports_no_client() -> None:
    seen = json.loads(python(IMPORTED_BY_THE_LOADER))
    assert {"ml trouble diagnose", "ml trouble collect"} <= set(seen["commands"])
    ours = {name for name in seen["modules"] if name.startswith("azext_mltrouble")}
    foreign = {name for name in set(seen["modules"]) - ours if name.split(".")[0] not in sys.stdlib_module_names}
    assert {name for name in foreign if not name.startswith("azure.cli.core.")} == set()
    parts = {name.split(".")[1] for name in ours if "." in name}
    assert parts.isdisjoint({"cloud", "evidence", "diagnosis", "render", "local", "autoscale"})


def test_the_package_can_be_imported_without_az() -> None:
    assert python(WITHOUT_AZURE + "import azext_mltrouble; print(azext_mltrouble.__version__)").strip()


def test_the_batch_form_runs_without_az() -> None:
    case = {"id": 1, "where": "container_log", "text": "ModuleNotFoundError: No module named 'sklearn'"}
    code = "import runpy; runpy.run_module('azext_mltrouble.diagnosis', run_name='__main__')"
    answer = json.loads(python(WITHOUT_AZURE + code, json.dumps(case) + "\n"))
    assert answer["id"] == 1
    assert answer["verdict"] == "failed"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    code = "import azext_mltrouble; print(hasattr(azext_mltrouble, 'get_command_loader'))"
    assert python(code).strip() == "False"


def test_every_help_text_can_be_read() -> None:
    code = "import json, yaml; from azext_mltrouble._help import helps; "
    code += "print(json.dumps({k: yaml.safe_load(v) for k, v in helps.items() if k.startswith('ml trouble')}))"
    texts = json.loads(python(code))
    assert {"ml trouble diagnose", "ml trouble service score", "ml trouble image log"} <= set(texts)
    assert all(text["short-summary"] for text in texts.values())
