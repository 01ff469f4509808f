"""What autoscaling needs to know about a web service of v1, read from the service's own payload."""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from azext_mltrouble.autoscale.recommendation import Service
    from azext_mltrouble.autoscale.settings import Settings
    from azext_mltrouble.operations.v1_workspace import OpenWorkspace

ENABLE = (
    "let it be scaled first, in Python: service.update(autoscale_enabled=True, autoscale_min_replicas=..., "
    "autoscale_max_replicas=...)."
)

#: What azureml-core 1.61 deploys where nothing is said, and what the service sends as null then.
_DEFAULTS = {"minReplicas": 1, "maxReplicas": 10, "targetUtilization": 70, "refreshPeriodInSeconds": 1}
_MIGRATE = "https://learn.microsoft.com/azure/machine-learning/v1/how-to-deploy-azure-kubernetes-service"


@dataclass(frozen=True)
class Scaling:
    """The scaling of one AKS service. ``fixed`` is its number of replicas where it is not scaled; times in seconds."""

    name: str
    min_replicas: int
    max_replicas: int
    target_percent: int
    fixed: int | None
    concurrency: int
    queue_wait: float
    timeout: float
    refresh: float

    @property
    def settings(self) -> Settings:
        """As the replay takes them. Raises AutoscaleInputError where the figures contradict each other."""
        from azext_mltrouble.autoscale.settings import Settings

        if self.fixed is not None:
            return Settings(self.fixed, self.fixed, 0.7, self.concurrency)
        return Settings(self.min_replicas, self.max_replicas, self.target_percent / 100, self.concurrency)

    def to_dict(self) -> dict[str, Any]:
        """What can be set by ``apply``, under the service's own names."""
        return {
            "autoscaleEnabled": self.fixed is None,
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
            "targetUtilization": self.target_percent,
        }


def scaling_of(service: dict[str, Any]) -> Scaling:
    """The scaling of a service as Azure sends it. Raises InvalidArgumentValueError for one that is not on AKS."""
    from azure.cli.core.azclierror import InvalidArgumentValueError

    name, compute = str(service.get("name")), str(service.get("computeType") or "an unknown compute").upper()
    if compute != "AKS":
        raise InvalidArgumentValueError(
            f"The service '{name}' runs on {compute}, which has no autoscaler for it.",
            recommendation=[
                "Only services on AKS are scaled by the number of replicas: deploy this one to AKS.",
                f"See {_MIGRATE}",
            ],
        )
    scaler = service.get("autoScaler") or {}
    figures = {key: _number(scaler.get(key), default) for key, default in _DEFAULTS.items()}
    fixed = service.get("numReplicas")
    return Scaling(
        name=name,
        min_replicas=int(figures["minReplicas"]),
        max_replicas=int(figures["maxReplicas"]),
        target_percent=int(figures["targetUtilization"]),
        fixed=int(_number(fixed, 1)) if fixed or scaler.get("autoscaleEnabled") is False else None,
        concurrency=int(_number(service.get("maxConcurrentRequestsPerContainer"), 1)),
        queue_wait=_number(service.get("maxQueueWaitMs"), 500) / 1000,
        timeout=_number(service.get("scoringTimeoutMs"), 60_000) / 1000,
        refresh=figures["refreshPeriodInSeconds"],
    )


@dataclass(frozen=True)
class AksService:
    """A service on AKS, in its workspace; ``payload`` is what Azure sends about it."""

    opened: OpenWorkspace
    payload: dict[str, Any]
    scaling: Scaling

    @property
    def limits(self) -> dict[str, Any]:
        """Everything else that decides about 503; nothing here changes it."""
        needs, scaling = self.payload.get("containerResourceRequirements") or {}, self.scaling
        return {
            "concurrency": scaling.concurrency,
            "queueWaitMs": round(scaling.queue_wait * 1000),
            "scoringTimeoutMs": round(scaling.timeout * 1000),
            "refreshSeconds": scaling.refresh,
            "cpu": needs.get("cpu"),
            "memoryInGB": needs.get("memoryInGB"),
            "gpu": needs.get("gpu"),
            "computeName": self.payload.get("computeName"),
        }

    @property
    def shown(self) -> dict[str, Any]:
        """The service in the output of a recommendation."""
        status = self.payload.get("deploymentStatus") or {}
        replicas = {key: status.get(key) for key in ("desiredReplicas", "availableReplicas")}
        return {"name": self.scaling.name, "state": self.payload.get("state"), **self.limits, **replicas}

    @property
    def seen_now(self) -> list[str]:
        """Why requests are refused at this moment, as far as the replicas of the service show it."""
        scaling, status = self.scaling, self.payload.get("deploymentStatus") or {}
        desired, available = status.get("desiredReplicas"), status.get("availableReplicas")
        if not isinstance(desired, int) or not isinstance(available, int):
            return []
        found = []
        if scaling.fixed is None and desired >= scaling.max_replicas:
            found.append(f"The maximum is reached now: {desired} of {scaling.max_replicas} replicas are wanted.")
        if available < desired:
            found.append(
                f"{available} of {desired} wanted replicas are available now: the others start, or the nodes have no "
                "room for them."
            )
        return found

    @property
    def warnings(self) -> list[str]:
        """What stands in the way of applying a recommendation."""
        if self.scaling.fixed is None:
            return []
        return [f"The service has a fixed number of {self.scaling.fixed} replicas: {ENABLE}"]

    def described(self) -> Service:
        """The service as a recommendation takes it."""
        from azext_mltrouble.autoscale.recommendation import Service

        return Service(
            name=self.scaling.name,
            resource_group=self.opened.scope.resource_group,
            workspace=self.opened.scope.workspace,
            current=self.scaling.settings,
            timeout=self.scaling.timeout,
        )


def open_service(cmd: Any, resource_group_name: str | None, workspace_name: str | None, name: str) -> AksService:
    """The service that the options name. Raises ResourceNotFoundError when there is none, InvalidArgumentValueError
    when it is not on AKS."""
    from azext_mltrouble.operations.service import read_service
    from azext_mltrouble.operations.v1_workspace import open_workspace

    opened = open_workspace(cmd, resource_group_name, workspace_name)
    payload = read_service(opened, name)
    return AksService(opened, payload, scaling_of(payload))


def _number(value: Any, default: float) -> float:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0 else default
