"""How long the server took to start, from the times in its log, against what the liveness probe allows.

Shapes: ``livenessProbeRequirements`` as azureml-core 1.61 declares it; ``livenessProbe`` of online deployments with
ISO-8601 durations, Microsoft.MachineLearningServices 2024-04-01.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from azext_mltrouble.diagnosis.matches import LogReading, Match

#: Signals of the knowledge: a worker starts, init() is through, the server was told to stop.
_BOOTS, _READY, _STOPS = "server_bound", "init_completed", "server_told_to_stop"
_CONTAINER: frozenset[str] = frozenset(("container_log",))
_DURATION = re.compile(r"P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?")
_UNITS = (86400, 3600, 60, 1)


def startup(facts: dict[str, Any], readings: Iterable[LogReading]) -> dict[str, Any] | None:
    """``{seconds, completed, allowed, tooSlow, sentence}`` of the last start that the logs have times of.

    ``allowed`` is after how many seconds the probe kills the container (None where no payload says). A start that did
    not complete counts until the server was told to stop. None where the logs do not tell.
    """
    took = next(filter(None, (_last_start(reading) for reading in readings)), None)
    if took is None:
        return None
    seconds, completed = took
    allowed = _allowed(facts)
    return {
        "seconds": seconds,
        "completed": completed,
        "allowed": allowed,
        "tooSlow": allowed is not None and seconds >= allowed,
        "sentence": _sentence(seconds, completed, allowed),
    }


def _last_start(reading: LogReading) -> tuple[float, bool] | None:
    """From the last start of a worker to what came of it first."""
    signals = reading.of_signals(_CONTAINER)
    ready, stops = _timed(signals.get(_READY, [])), _timed(signals.get(_STOPS, []))
    for place, began in reversed(_timed(signals.get(_BOOTS, []))):
        end = min((one for one in ready + stops if one[0] > place), default=None)
        if end and end[1] >= began:
            return end[1] - began, end in ready
    return None


def _timed(matches: list[Match]) -> list[tuple[tuple[int, int], float]]:
    """Place and time of those that the log has a time of."""
    return [(match.place, match.time) for match in matches if match.time is not None]


def _allowed(facts: dict[str, Any]) -> float | None:
    """Seconds until the liveness probe has failed as often as it may; the shortest where there are several."""
    service = facts.get("service")
    probes = [service.get("livenessProbeRequirements")] if isinstance(service, dict) else []
    deployments = facts.get("deployments")
    for deployment in deployments if isinstance(deployments, list) else ():
        properties = deployment.get("properties") if isinstance(deployment, dict) else None
        probes += [properties.get("livenessProbe")] if isinstance(properties, dict) else []
    return min(filter(None, map(_patience, probes)), default=None)


def _patience(probe: Any) -> float | None:
    if not isinstance(probe, dict):
        return None
    delay = _seconds(probe.get("initialDelaySeconds", probe.get("initialDelay")))
    period = _seconds(probe.get("periodSeconds", probe.get("period")))
    failures = probe.get("failureThreshold")
    if delay is None or period is None or not isinstance(failures, int):
        return None
    return delay + period * failures


def _seconds(value: Any) -> float | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    found = _DURATION.fullmatch(value) if isinstance(value, str) else None
    return sum(float(part or 0) * unit for part, unit in zip(found.groups(), _UNITS)) if found else None


def _sentence(seconds: float, completed: bool, allowed: float | None) -> str:
    stopped = f"the server was stopped after {seconds:.0f} s, init() at work"
    did = f"init() took {seconds:.0f} s" if completed else stopped
    return did + (f"; the liveness probe allows {allowed:.0f} s" if allowed is not None else "")
