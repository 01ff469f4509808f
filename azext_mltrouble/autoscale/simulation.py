"""Replays requests through azureml-fe as it is documented, event by event.

One queue feeds all replicas, because the router picks a free replica for every request. See ``Router`` for what is
documented and what is assumed.
"""
from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush, heapreplace
from operator import add

from azext_mltrouble.autoscale.settings import Router, Settings


@dataclass(frozen=True)
class Outcome:
    """What a replay measured. Times are seconds since the same origin as the arrivals.

    ``pool`` is a list of (time, replicas ready) at every change, ``refusals`` the arrival times of refused requests in
    the order of their refusal, ``waits`` the waits of the served requests that did wait, and ``replica_seconds`` counts
    starting, ready and draining replicas. ``complete`` is false when the replay stopped at its refusal limit.
    """

    requests: int
    refusals: array[float]
    waits: array[float]
    replica_seconds: float
    duration: float
    pool: list[tuple[float, int]]
    complete: bool

    @property
    def refused_share(self) -> float:
        return len(self.refusals) / self.requests if self.requests else 0.0

    @property
    def mean_replicas(self) -> float:
        return self.replica_seconds / self.duration if self.duration else 0.0

    def wait_quantile(self, quantile: float) -> float:
        """The ``quantile`` (a fraction) of the wait of the served requests, in seconds."""
        served = self.requests - len(self.refusals)
        at_once = served - len(self.waits)
        rank = math.ceil(quantile * served) - 1
        return 0.0 if rank < at_once else sorted(self.waits)[rank - at_once]


def replay(
    arrivals: Sequence[float],
    durations: Sequence[float],
    settings: Settings,
    router: Router,
    *,
    start: float | None = None,
    end: float | None = None,
    initial_replicas: int | None = None,
    refusal_limit: float = math.inf,
) -> Outcome:
    """Send ``arrivals`` (s, ascending) that work for ``durations`` (s) through a pool with these settings.

    The pool is observed from ``start`` (default: the first arrival) to ``end`` (default: the last) and starts with
    ``initial_replicas`` (default: the minimum), ready. With more refusals than ``refusal_limit`` the replay stops.
    """
    start = (arrivals[0] if len(arrivals) else 0.0) if start is None else start
    end = (arrivals[-1] if len(arrivals) else start) if end is None else end
    pool = _Pool(settings, router, start, initial_replicas or settings.min_replicas)
    busy, recent, queue, refusals = pool.busy, pool.recent, pool.queue, pool.refusals
    patience, count = router.queue_wait, len(arrivals)
    next_event, slots = pool.next_event, pool.slots
    index, until = 0, bisect_left(arrivals, next_event)
    complete = True
    while index < count:
        now = arrivals[index]
        if now >= next_event:
            pool.advance(now)
            next_event, slots = pool.next_event, pool.slots
            until = bisect_left(arrivals, next_event, index + 1)
        if queue and busy[0] <= now:  # who waits too long meanwhile is refused at the next departure or event
            pool.serve_queue(now)
        if not queue:
            if not recent and len(busy) == slots and busy[0] <= now:
                heapreplace(busy, now + durations[index])
                index += 1
                continue
            # As many requests as there are free slots begin at once, up to the next event. Departures are only
            # looked at when they matter: when the pool seems full, and at events.
            free = slots - len(busy) - len(recent)
            if free <= 0:
                pool.settle(now)
                free = slots - len(busy)
            if free > 0:
                last = min(until, index + free)
                recent.extend(map(add, arrivals[index:last], durations[index:last]))
                index = last
                continue
        if patience:
            queue.append((now, durations[index]))
        else:
            refusals.append(now)
        index += 1
        if len(refusals) > refusal_limit:
            complete, end = False, now
            break
    if complete:
        pool.finish(end)
    return Outcome(
        requests=len(arrivals) if complete else bisect_right(arrivals, end),
        refusals=refusals,
        waits=pool.waits,
        replica_seconds=pool.area(end),
        duration=end - start,
        pool=pool.history,
        complete=complete and len(refusals) <= refusal_limit,
    )


class _Pool:
    """The replicas, the queue in front of them, and the autoscaler."""

    def __init__(self, settings: Settings, router: Router, start: float, replicas: int) -> None:
        # Departure times: a heap, and the most recent ones, not in it yet. Past ones are dropped when it matters.
        self.busy: list[float] = []
        self.recent: list[float] = []
        self.queue: deque[tuple[float, float]] = deque()
        self.refusals: array[float] = array("d")
        self.waits: array[float] = array("d")
        self.slots = replicas * settings.concurrency
        self.history = [(start, replicas)]
        self._minimum, self._maximum = settings.min_replicas, settings.max_replicas
        self._concurrency = settings.concurrency
        self._target = settings.target_utilization * settings.concurrency
        self._refresh, self._patience = router.refresh, router.queue_wait
        self._start_delay, self._scale_down_after = router.start_delay, router.scale_down_after
        self._ready = replicas
        self._present = replicas  # ready or starting
        self._starting: deque[list[float]] = deque()  # [time ready, replicas]
        self._wanted: deque[tuple[float, int]] = deque()  # falling values: the first is the most within the window
        self._demand = 0.0
        self._weight = 1 - math.exp(-router.refresh / router.smoothing) if router.smoothing else 1.0
        self._area = 0.0
        self._area_until = start
        fixed = settings.min_replicas == settings.max_replicas == replicas
        self._next_decision = math.inf if fixed else start + router.refresh
        self.next_event = self._next_decision

    def advance(self, now: float) -> None:
        """Let replicas become ready and the autoscaler decide, in order, up to and including ``now``."""
        while self.next_event <= now:
            if self._starting and self._starting[0][0] <= self._next_decision:
                time, replicas = self._starting.popleft()
                self._change_ready(time, int(replicas))
            else:
                time = self._next_decision
                self._decide(time)
                self._next_decision = time + self._refresh if self.busy else self._after_idling(time, now)
            self.next_event = self._next_decision
            if self._starting and self._starting[0][0] < self.next_event:
                self.next_event = self._starting[0][0]

    def _after_idling(self, time: float, now: float) -> float:
        """The next decision: the next tick, or past an idle stretch in which no decision could change anything."""
        if now > time and not self.queue and self._present == self._minimum and self._demand < 1e-9:
            self._wanted.clear()
            return time + self._refresh * max(1, math.floor((now - time) / self._refresh))
        return time + self._refresh

    def settle(self, now: float) -> None:
        """Drop the departures up to ``now`` and put the recent ones into the heap. For an empty queue: nobody waits
        for the slots that become free."""
        busy, recent = self.busy, self.recent
        if len(recent) * 8 > len(busy):
            busy += recent
            busy.sort()  # a sorted list is a heap, and faster made than a heap by heapify
            del busy[: bisect_right(busy, now)]
        else:
            for departure in recent:
                heappush(busy, departure)
            while busy and busy[0] <= now:
                heappop(busy)
        recent.clear()

    def serve_queue(self, now: float) -> None:
        """Give slots that became free up to ``now`` to those who waited, and refuse those who waited too long."""
        busy, queue, patience, slots = self.busy, self.queue, self._patience, self.slots
        while queue and busy and busy[0] <= now:
            if len(busy) > slots:
                heappop(busy)
                continue
            freed = busy[0]
            arrival, duration = queue.popleft()
            if arrival + patience < freed:
                self.refusals.append(arrival)
            else:
                self.waits.append(freed - arrival)
                heapreplace(busy, freed + duration)
        while queue and queue[0][0] + patience < now:
            self.refusals.append(queue.popleft()[0])

    def finish(self, end: float) -> None:
        """Let the queue empty after the last arrival."""
        self.advance(end)
        self.serve_queue(math.inf)

    def area(self, end: float) -> float:
        """Replica-seconds from the start to ``end``."""
        return self._area + self._present * max(0.0, end - self._area_until)

    def _decide(self, now: float) -> None:
        if self.queue:
            self.serve_queue(now)
        self.settle(now)
        in_work = len(self.busy)
        self._demand += self._weight * (in_work + len(self.queue) - self._demand)
        wanted = math.ceil(self._demand / self._target - 1e-9)
        if wanted < self._minimum:
            wanted = self._minimum
        elif wanted > self._maximum:
            wanted = self._maximum
        window = self._wanted
        while window and window[-1][1] <= wanted:
            window.pop()
        window.append((now, wanted))
        if window[0][0] <= now - self._scale_down_after and len(window) > 1:
            window.popleft()
        if in_work > self.slots:  # removed replicas that still finish their requests
            self._area += self._refresh * math.ceil((in_work - self.slots) / self._concurrency)
        if wanted > self._present:
            self._account(now)
            self._starting.append([now + self._start_delay, wanted - self._present])
            self._present = wanted
        elif window[0][1] < self._present:
            self._account(now)
            self._remove(now, self._present - window[0][1])

    def _remove(self, now: float, replicas: int) -> None:
        """Remove replicas that still start, the newest first, then ready ones."""
        self._present -= replicas
        while replicas and self._starting:
            newest = self._starting[-1]
            cancelled = min(replicas, int(newest[1]))
            newest[1] -= cancelled
            replicas -= cancelled
            if not newest[1]:
                self._starting.pop()
        if replicas:
            self._change_ready(now, -replicas)

    def _change_ready(self, now: float, replicas: int) -> None:
        if self.queue:
            self.serve_queue(now)
        self._ready += replicas
        self.slots = self._ready * self._concurrency
        self.history.append((now, self._ready))
        self.settle(now)
        busy, queue = self.busy, self.queue
        while queue and len(busy) < self.slots:
            arrival, duration = queue.popleft()
            self.waits.append(now - arrival)
            heappush(busy, now + duration)

    def _account(self, now: float) -> None:
        self._area += self._present * (now - self._area_until)
        self._area_until = now
