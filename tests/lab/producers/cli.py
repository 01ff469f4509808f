"""What a user sees in a terminal: the SDKs of both generations and a script that scores."""

from __future__ import annotations

from tests.lab.bench import Bench, free_port
from tests.lab.case import case
from tests.lab.environments import Environment, environment
from tests.lab.packages import Index, self_signed_certificate

NET = "network"


def sdk1(*more: str) -> Environment:
    return environment("3.10", "azureml-core==1.61.0.post4", *more)


def script(bench: Bench, python: Environment, code: str, env: dict[str, str] | None = None) -> None:
    """Run a user's script."""
    bench.use(python)
    bench.write("deploy.py", code)
    bench.run([python.python, "deploy.py"], env)


@case(
    "cli_no_workspace_config",
    "cli_error",
    "workspace_config_missing",
    "workspace configuration file",
    "config.json",
    tags=NET,
)
def no_workspace_config(bench: Bench) -> None:
    script(bench, sdk1(), "from azureml.core import Workspace\n\nws = Workspace.from_config()\nprint(ws.name)\n")


@case(
    "cli_no_docker",
    "cli_error",
    "local_docker_error",
    "Failed to create Docker client. Is Docker running/installed?",
    tags=NET,
)
def no_docker(bench: Bench) -> None:
    code = "import azureml.core\nfrom azureml._model_management._util import get_docker_client\n\nget_docker_client()\n"
    script(bench, sdk1(), code, {"DOCKER_HOST": "unix:///var/run/no-docker.sock"})


REGISTER = """\
from azureml.core import Workspace
from azureml.core.authentication import AbstractAuthentication
from azureml.core.model import Model

class Token(AbstractAuthentication):
    def get_authentication_header(self):
        return {"Authorization": "Bearer none"}

    def _get_arm_token(self):
        return "none"

    def _get_graph_token(self):
        return "none"

ws = Workspace("00000000-0000-0000-0000-000000000000", "rg", "ws", auth=Token(), _disable_service_check=True)
Model.register(workspace=ws, model_path="outputs/model.pkl", model_name="churn")
"""


@case("cli_register_path", "cli_error", "register_path_not_found", "FileNotFoundError: Path does not exist", tags=NET)
def register_path(bench: Bench) -> None:
    script(bench, sdk1(), REGISTER)


DEPLOYMENT = """\
name: blue
endpoint_name: churn
model: azureml:churn:1
instance_type: Standard_DS3_v2
instance_count: two
environment_variables: [A, B]
"""


@case("cli_deployment_yaml", "cli_error", "yaml_schema_invalid", "instance_count", tags=NET)
def deployment_yaml(bench: Bench) -> None:
    bench.write("deployment.yml", DEPLOYMENT)
    code = "from azure.ai.ml import load_online_deployment\n\nload_online_deployment('deployment.yml')\n"
    script(
        bench, environment("3.10", "azure-ai-ml==1.20.0", without_deps=("marshmallow==3.22.0", "packaging==24.1")), code
    )


@case(
    "cli_sdk_marshmallow", "cli_error", "sdk_version_bug", "cannot import name '_T' from 'marshmallow.fields'", tags=NET
)
def sdk_marshmallow(bench: Bench) -> None:
    """The second generation's SDK of 2024 uses a name that its validation library dropped later."""
    script(bench, environment("3.10", "azure-ai-ml==1.20.0"), "from azure.ai.ml import MLClient\n")


@case("cli_score_refused", "cli_error", "endpoint_unreachable", "Connection refused", tags=NET)
def score_refused(bench: Bench) -> None:
    port = free_port()
    bench.places.update({f"port={port}": "port=80", f"127.0.0.1:{port}": "churn.westeurope.azurecontainer.example"})
    bench.places["host='127.0.0.1'"] = "host='churn.westeurope.azurecontainer.example'"
    code = f"import requests\n\nprint(requests.post('http://127.0.0.1:{port}/score', json={{'data': [1]}}).text)\n"
    script(bench, environment("3.10", "requests==2.32.3"), code)


@case("cli_score_certificate", "cli_error", "tls_certificate_untrusted", "CERTIFICATE_VERIFY_FAILED", tags=NET)
def score_certificate(bench: Bench) -> None:
    """A proxy that presents a certificate of its own."""
    with Index(certificate=self_signed_certificate(bench.dir / "proxy.pem"), host="localhost").serving() as proxy:
        bench.places.update(
            {f"port={proxy.port}": "port=443", f"localhost:{proxy.port}": "churn.westeurope.inference.example"}
        )
        bench.places["host='localhost'"] = "host='churn.westeurope.inference.example'"
        address = f"https://localhost:{proxy.port}/score"
        code = f"import requests\n\nprint(requests.post({address!r}, json={{'data': [1]}}).text)\n"
        script(bench, environment("3.10", "requests==2.32.3"), code)


@case("ok_cli_offline_run", "cli_error", "none", "OfflineRun", tags=NET)
def ok_offline_run(bench: Bench) -> None:
    """A run outside of Azure: the SDK says that it only attempts to log."""
    code = "from azureml.core import Run\n\nrun = Run.get_context()\nrun.log('failed_rows', 0)\nprint(run.id[:10])\n"
    script(bench, sdk1(), code)
