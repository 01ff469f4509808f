"""The replay against the closed forms, against two independent libraries, and against what must hold of any replay."""
from __future__ import annotations

import random
from array import array

import ciw
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from azext_mltrouble.autoscale import queueing
from azext_mltrouble.autoscale.errors import AutoscaleInputError
from azext_mltrouble.autoscale.settings import Router, Settings
from azext_mltrouble.autoscale.simulation import replay
from tests.autoscale.simpy_model import SimpyService


def poisson(
    rate: float, mean_duration: float, count: int, seed: int, burst_every: float = 0.0
) -> tuple[array[float], array[float]]:
    """``count`` requests at ``rate``/s, three times as many in every second stretch of ``burst_every`` seconds."""
    random_source = random.Random(seed)
    arrivals, durations, now = array("d"), array("d"), 0.0
    for _ in range(count):
        bursting = burst_every and int(now / burst_every) % 2
        now += random_source.expovariate(3 * rate if bursting else rate)
        arrivals.append(now)
        durations.append(random_source.expovariate(1 / mean_duration))
    return arrivals, durations


@pytest.mark.parametrize(
    ("servers", "load", "duration", "patience"),
    [(5, 4.0, 1.0, 0.5), (5, 4.0, 1.0, 0.0), (29, 20.0, 5.0, 0.5), (12, 15.0, 1.0, 0.5), (6, 5.0, 0.1, 0.5)],
)
def test_a_fixed_pool_agrees_with_the_closed_form(
    servers: int, load: float, duration: float, patience: float
) -> None:
    arrivals, durations = poisson(load / duration, duration, 300_000, seed=7)
    outcome = replay(arrivals, durations, Settings(servers, servers), Router(queue_wait=patience))
    expected = queueing.refused_share(servers, load, duration, patience)
    assert outcome.refused_share == pytest.approx(expected, abs=0.004, rel=0.05)
    assert outcome.wait_quantile(0.95) == pytest.approx(
        queueing.served_wait(servers, load, duration, patience), abs=0.02
    )


def test_a_slot_is_a_slot_whether_in_one_replica_or_in_many() -> None:
    arrivals, durations = poisson(20, 1, 20_000, seed=3)
    pooled = replay(arrivals, durations, Settings(6, 6, concurrency=4), Router())
    single = replay(arrivals, durations, Settings(24, 24), Router())
    assert pooled.refusals == single.refusals
    assert len(pooled.refusals) > 0


@pytest.mark.parametrize("patience", [0.5, 2.0])
def test_a_fixed_pool_agrees_with_ciw(patience: float) -> None:
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(rate=5.0)],
        service_distributions=[ciw.dists.Exponential(rate=1.0)],
        reneging_time_distributions=[ciw.dists.Deterministic(value=patience)],
        number_of_servers=[5],
    )
    ciw.seed(11)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(20_000, method="Finish")
    records = simulation.get_all_records()
    reneged = sum(record.record_type == "renege" for record in records) / len(records)
    arrivals, durations = poisson(5, 1, 200_000, seed=12)
    outcome = replay(arrivals, durations, Settings(5, 5), Router(queue_wait=patience))
    assert outcome.refused_share == pytest.approx(reneged, abs=0.012)


@pytest.mark.parametrize(
    ("settings", "router"),
    [
        (Settings(2, 40, 0.7), Router(start_delay=20.3)),
        (Settings(2, 40, 0.7), Router(start_delay=20.3, queue_wait=0.0)),
        (Settings(4, 20, 0.5), Router(start_delay=45.3, smoothing=15.0)),
        (Settings(1, 8, 0.6, concurrency=3), Router(start_delay=10.3, scale_down_after=20.0)),
        (Settings(1, 30, 0.9), Router(start_delay=0.3, queue_wait=5.0)),
        (Settings(3, 12, 0.8), Router(start_delay=90.3, scale_down_after=30.0)),
    ],
)
def test_the_autoscaler_agrees_with_a_simpy_model_request_by_request(settings: Settings, router: Router) -> None:
    arrivals, durations = poisson(4, 2, 6_000, seed=5, burst_every=150)
    service = SimpyService(settings, router)
    service.run(arrivals, durations)
    outcome = replay(arrivals, durations, settings, router, start=0.0)
    assert sorted(outcome.refusals) == pytest.approx(sorted(service.refused))
    assert sorted(outcome.waits) == pytest.approx(sorted(service.waits), abs=1e-6)
    assert outcome.replica_seconds == pytest.approx(service.replica_seconds, rel=0.02)


@hypothesis_settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 600), st.floats(0, 400)), max_size=60),
    st.integers(1, 5),
    st.integers(0, 10),
    st.floats(0.05, 1.0),
    st.integers(1, 4),
    st.sampled_from([0.0, 0.5, 30.0]),
    st.sampled_from([0.0, 5.0, 60.0]),
    st.sampled_from([0.0, 15.0]),
)
def test_every_request_is_served_or_refused_and_the_pool_stays_in_its_range(
    requests: list[tuple[float, float]],
    minimum: int,
    more: int,
    target: float,
    concurrency: int,
    wait: float,
    delay: float,
    smoothing: float,
) -> None:
    requests.sort()
    settings = Settings(minimum, minimum + more, target, concurrency)
    router = Router(queue_wait=wait, start_delay=delay, smoothing=smoothing)
    outcome = replay([a for a, _ in requests], [d for _, d in requests], settings, router, start=0.0, end=700.0)
    assert outcome.requests == len(requests)
    assert len(outcome.refusals) + len(outcome.waits) <= len(requests)
    assert all(0 <= waited <= wait + 1e-9 for waited in outcome.waits)
    assert all(minimum <= replicas <= minimum + more for _, replicas in outcome.pool)
    assert minimum - 1e-9 <= outcome.mean_replicas


def test_nothing_is_refused_by_a_pool_as_large_as_the_peak() -> None:
    arrivals, durations = poisson(4, 2, 5_000, seed=9, burst_every=200)
    assert len(replay(arrivals, durations, Settings(60, 60), Router(queue_wait=0)).refusals) == 0


def test_a_step_is_met_one_start_delay_late_unless_the_minimum_covers_it() -> None:
    """1 -> 10 requests in work at a time from second 300 on, each of one second, back to back."""
    before = [t + 0.5 for t in range(300)]
    after = [300.05 + t + i / 10 for t in range(600) for i in range(10)]
    arrivals, durations = before + after, [0.3] * len(before) + [0.97] * len(after)
    small = replay(arrivals, durations, Settings(1, 100, 0.7), Router(queue_wait=0.05))
    large = replay(arrivals, durations, Settings(11, 100, 0.7), Router(queue_wait=0.05))
    assert len(large.refusals) == 0
    first_new = next(time for time, replicas in small.pool if replicas > 1 and time > 300)
    assert 360 <= first_new <= 363
    assert min(small.refusals) >= 300


def test_a_replay_stops_at_its_refusal_limit() -> None:
    arrivals, durations = poisson(10, 10, 5_000, seed=2)
    outcome = replay(arrivals, durations, Settings(1, 1), Router(), refusal_limit=20)
    assert not outcome.complete
    assert outcome.requests < 5_000


def test_no_requests_cost_the_minimum() -> None:
    outcome = replay([], [], Settings(3, 9), Router(), start=0.0, end=3600.0)
    assert (outcome.requests, outcome.refused_share, outcome.mean_replicas) == (0, 0.0, 3.0)
    assert outcome.wait_quantile(0.95) == 0.0


@pytest.mark.parametrize(
    "bad",
    [
        {"min_replicas": 0},
        {"min_replicas": 11},
        {"target_utilization": 0.0},
        {"target_utilization": 70},
        {"concurrency": 0},
    ],
)
def test_settings_that_cannot_be_are_refused(bad: dict[str, int]) -> None:
    with pytest.raises(AutoscaleInputError) as caught:
        Settings(**bad)
    assert caught.value.why
    assert caught.value.how


@pytest.mark.parametrize("bad", [{"queue_wait": -1.0}, {"start_delay": float("inf")}, {"refresh": 0.0}])
def test_a_router_that_cannot_be_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(AutoscaleInputError):
        Router(**bad)
