"""The closed forms against each other and against what must hold of any pool."""
from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_mltrouble.autoscale import queueing
from azext_mltrouble.autoscale.errors import AutoscaleInputError

servers = st.integers(1, 400)
loads = st.floats(0.01, 500)
times = st.floats(0.01, 3600)
patiences = st.floats(0, 60)
SLACK = 1e-12


@pytest.mark.parametrize(
    ("count", "load", "share"),
    [(1, 1.0, 0.5), (2, 1.0, 0.2), (5, 3.0, 0.11005), (10, 5.0, 0.018385), (100, 80.0, 0.003992)],
)
def test_erlang_b_gives_the_tabulated_values(count: int, load: float, share: float) -> None:
    assert queueing.erlang_b(count, load) == pytest.approx(share, rel=1e-3)


@given(servers, loads, times)
def test_without_patience_the_refused_share_is_erlang_b(count: int, load: float, time: float) -> None:
    assert queueing.refused_share(count, load, time, 0) == pytest.approx(queueing.erlang_b(count, load), rel=1e-9)


@given(servers, loads, times, patiences)
def test_a_share_is_a_share(count: int, load: float, time: float, patience: float) -> None:
    assert 0 <= queueing.refused_share(count, load, time, patience) <= 1
    assert 0 <= queueing.pending_refused_share(count, load) <= 1


@given(servers, loads, times, patiences)
def test_another_server_never_refuses_more(count: int, load: float, time: float, patience: float) -> None:
    fewer, more = (queueing.refused_share(n, load, time, patience) for n in (count, count + 1))
    assert more <= fewer + SLACK
    assert queueing.pending_refused_share(count + 1, load) <= queueing.pending_refused_share(count, load) + SLACK


@given(servers, loads, times, patiences, st.floats(0, 10))
def test_more_patience_never_refuses_more(
    count: int, load: float, time: float, patience: float, longer: float
) -> None:
    patient, impatient = (queueing.refused_share(count, load, time, p) for p in (patience + longer, patience))
    assert patient <= impatient + SLACK


@given(servers, loads, times, patiences, st.floats(1, 3))
def test_more_load_never_refuses_less(count: int, load: float, time: float, patience: float, factor: float) -> None:
    light, heavy = (queueing.refused_share(count, a, time, patience) for a in (load, load * factor))
    assert light <= heavy + SLACK
    assert queueing.pending_refused_share(count, load) <= queueing.pending_refused_share(count, load * factor) + SLACK


@given(st.integers(1, 50), st.floats(20, 1000), st.floats(0.1, 100), patiences)
def test_overload_refuses_what_the_servers_cannot_carry(
    count: int, factor: float, time: float, patience: float
) -> None:
    load = count * factor
    assert queueing.refused_share(count, load, time, patience) == pytest.approx(1 - count / load, abs=0.003)


@given(st.integers(1, 60), st.floats(0.1, 90))
def test_pending_limit_agrees_with_the_birth_and_death_chain(count: int, load: float) -> None:
    weights = [1.0]
    for state in range(1, 2 * count + 1):
        weights.append(weights[-1] * load / min(state, count))
    assert queueing.pending_refused_share(count, load) == pytest.approx(weights[-1] / math.fsum(weights), rel=1e-9)


@given(st.integers(1, 60), st.floats(0.1, 90))
def test_a_pending_limit_of_the_servers_is_erlang_b(count: int, load: float) -> None:
    assert queueing.pending_refused_share(count, load, count) == pytest.approx(queueing.erlang_b(count, load))


@pytest.mark.parametrize("count", [1000, 5000])
@pytest.mark.parametrize("factor", [0.2, 0.95, 1.0, 1.05, 5.0])
def test_thousands_of_servers_neither_overflow_nor_vanish(count: int, factor: float) -> None:
    load = count * factor
    for share in (queueing.refused_share(count, load, 0.01, 60), queueing.pending_refused_share(count, load)):
        assert share == pytest.approx(max(0.0, 1 - 1 / factor), abs=0.001)
    assert 0 <= queueing.served_wait(count, load, 0.01, 60) <= 60


@given(loads, times, patiences, st.sampled_from([0.01, 0.001, 0.0001]))
def test_servers_needed_are_the_fewest(load: float, time: float, patience: float, goal: float) -> None:
    count = queueing.servers_needed(load, time, patience, goal, max_utilization=1.0)
    assert queueing.refused_share(count, load, time, patience) <= goal
    if count > max(1, math.ceil(load - 1e-9)):
        assert queueing.refused_share(count - 1, load, time, patience) > goal


@given(loads, times, st.floats(1, 20))
def test_bursts_never_need_fewer_servers(load: float, time: float, peakedness: float) -> None:
    assert queueing.servers_needed(load, time, 0.5, 0.001, peakedness=peakedness) >= queueing.servers_needed(
        load, time, 0.5, 0.001
    )


@given(servers, loads, times, patiences)
def test_waits_lie_within_the_patience_and_grow_with_the_quantile(
    count: int, load: float, time: float, patience: float
) -> None:
    waits = [queueing.served_wait(count, load, time, patience, q) for q in (0.5, 0.95, 0.99)]
    assert waits == sorted(waits)
    assert waits[0] >= 0
    assert waits[-1] <= patience


def test_the_guides_own_example_is_286_replicas() -> None:
    assert queueing.guide_replicas(20, 10, 0.7, 1) == 286
    assert queueing.guide_replicas(20, 10, 0.7, 2) == 143
    assert queueing.guide_replicas(7, 1, 0.7, 1) == 10  # 7 / 0.7 is 10.000000000000002 in floating point
    assert queueing.guide_replicas(0.001, 1, 0.7, 1) == 1


@pytest.mark.parametrize(("count", "load", "time"), [(0, 1.0, 1.0), (1, -1.0, 1.0), (1, 1.0, 0.0), (1, math.nan, 1.0)])
def test_a_pool_that_cannot_be_is_refused(count: int, load: float, time: float) -> None:
    with pytest.raises(AutoscaleInputError) as caught:
        queueing.refused_share(count, load, time, 0.5)
    assert caught.value.how
