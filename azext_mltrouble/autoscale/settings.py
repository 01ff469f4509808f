"""What a user can set on a service, and what is assumed of the router in front of it."""
from __future__ import annotations

import math
from dataclasses import dataclass

from azext_mltrouble.autoscale.errors import AutoscaleInputError


@dataclass(frozen=True)
class Settings:
    """The autoscaler of one service. The defaults are those of ``AksWebservice`` (azureml-core 1.61).

    ``target_utilization`` is a fraction and ``concurrency`` the most requests in work at a time in one replica. A
    fixed number of replicas is ``min_replicas == max_replicas``.
    """

    min_replicas: int = 1
    max_replicas: int = 10
    target_utilization: float = 0.7
    concurrency: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.min_replicas <= self.max_replicas:
            raise AutoscaleInputError(
                f"{self.min_replicas} to {self.max_replicas} replicas is no range.",
                "The minimum must be at least 1 and the maximum at least the minimum.",
                "Raise the maximum together with the minimum.",
            )
        require("The target utilization", self.target_utilization, low=0.01, high=1.0, how="Give 1 to 100 percent.")
        require("The concurrency", self.concurrency, low=1, high=10_000, how="Give 1 request per replica or more.")


@dataclass(frozen=True)
class Router:
    """How azureml-fe is assumed to behave. All times are in seconds.

    Documented: replicas are added in about 1 s and removed in about 1 min, utilisation counts busy and queued requests
    (Microsoft Learn, "Azure Machine Learning inference router and connectivity requirements"), and a request is
    refused with 503 after ``queue_wait`` in the queue (azureml-core, ``max_request_wait_time``). Assumed: demand is
    read every ``refresh``, as it is at that moment (``smoothing`` 0) or as an exponential average with that time
    constant; a replica serves ``start_delay`` after it was asked for and counts as present meanwhile; the pool shrinks
    to the most that was wanted within ``scale_down_after``; a removed replica finishes its requests.

    Field reports say that requests do not queue at all with one request per container: ``queue_wait`` 0.
    """

    queue_wait: float = 0.5
    start_delay: float = 60.0
    smoothing: float = 0.0
    refresh: float = 1.0
    scale_down_after: float = 60.0

    def __post_init__(self) -> None:
        hint = "Give a time in seconds, up to a day."
        require("The queue wait", self.queue_wait, low=0, high=86_400, how=hint)
        require("The start delay", self.start_delay, low=0, high=86_400, how=hint)
        require("The smoothing", self.smoothing, low=0, high=86_400, how=hint)
        require("The refresh period", self.refresh, low=0.01, high=86_400, how=hint)
        require("The scale-down time", self.scale_down_after, low=0, high=86_400, how=hint)


def require(name: str, value: float, *, low: float, high: float, how: str) -> None:
    """Raise AutoscaleInputError, with ``how`` to put it right, unless ``value`` is finite and in the range."""
    if not (math.isfinite(value) and low <= value <= high):
        raise AutoscaleInputError(f"{name} is {value:g}.", f"It must be from {low:g} to {high:g}.", how)
