"""The documented behaviour of azureml-fe once more, written the simpy way: a process per request and an autoscaler.

It shares no code with the replay, which must give the same refusals, and be faster.
"""
from __future__ import annotations

import math
from collections import deque
from collections.abc import Generator, Sequence
from typing import Any

import simpy

from azext_mltrouble.autoscale.settings import Router, Settings


class SimpyService:
    def __init__(self, settings: Settings, router: Router) -> None:
        self.env = simpy.Environment()
        self.settings = settings
        self.router = router
        self.ready = self.present = settings.min_replicas
        self.busy = 0
        self.queue: deque[simpy.Event] = deque()
        self.refused: list[float] = []
        self.waits: list[float] = []
        self.wanted: deque[tuple[float, int]] = deque()
        self.demand = 0.0
        self.starting: list[list[int]] = []  # batches still to come: [replicas]
        self.replica_seconds = 0.0

    def run(self, arrivals: Sequence[float], durations: Sequence[float]) -> None:
        self.env.process(self._autoscaler())
        source = self.env.process(self._source(arrivals, durations))
        self.env.run(until=source)
        self.env.run(until=self.env.now + self.router.queue_wait + 1e-9)

    def _source(self, arrivals: Sequence[float], durations: Sequence[float]) -> Generator[simpy.Event, Any, None]:
        for arrival, duration in zip(arrivals, durations):
            yield self.env.timeout(arrival - self.env.now)
            self.env.process(self._request(duration))

    def _request(self, duration: float) -> Generator[simpy.Event, Any, None]:
        arrived = self.env.now
        if self.busy < self.ready * self.settings.concurrency and not self.queue:
            self.busy += 1
        elif self.router.queue_wait == 0:
            self.refused.append(arrived)
            return
        else:
            turn = self.env.event()
            self.queue.append(turn)
            yield turn | self.env.timeout(self.router.queue_wait)
            if not turn.triggered:
                self.queue.remove(turn)
                self.refused.append(arrived)
                return
            self.waits.append(self.env.now - arrived)
        yield self.env.timeout(duration)
        self.busy -= 1
        self._next_in_queue()

    def _next_in_queue(self) -> None:
        while self.queue and self.busy < self.ready * self.settings.concurrency:
            self.busy += 1
            self.queue.popleft().succeed()

    def _autoscaler(self) -> Generator[simpy.Event, Any, None]:
        settings, router = self.settings, self.router
        weight = 1 - math.exp(-router.refresh / router.smoothing) if router.smoothing else 1.0
        while True:
            yield self.env.timeout(router.refresh)
            self.replica_seconds += self.present * router.refresh
            now = self.env.now
            self.demand += weight * (self.busy + len(self.queue) - self.demand)
            wanted = math.ceil(self.demand / (settings.target_utilization * settings.concurrency) - 1e-9)
            wanted = max(settings.min_replicas, min(settings.max_replicas, wanted))
            self.wanted.append((now, wanted))
            while self.wanted[0][0] <= now - router.scale_down_after and len(self.wanted) > 1:
                self.wanted.popleft()
            floor = max(value for _, value in self.wanted)
            if wanted > self.present:
                self.env.process(self._start(wanted - self.present))
                self.present = wanted
            elif floor < self.present:
                surplus = self.present - floor
                self.present = floor
                for batch in reversed(self.starting):
                    cancelled = min(surplus, batch[0])
                    batch[0] -= cancelled
                    surplus -= cancelled
                self.ready -= surplus

    def _start(self, replicas: int) -> Generator[simpy.Event, Any, None]:
        batch = [replicas]
        self.starting.append(batch)
        yield self.env.timeout(self.router.start_delay)
        self.starting.remove(batch)
        self.ready += batch[0]
        self._next_in_queue()
