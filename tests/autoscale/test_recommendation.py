"""Recommendations: the goal is kept on traffic they were not made from, and what is said about them is true."""
from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from azext_mltrouble.autoscale import queueing
from azext_mltrouble.autoscale.backtest import backtest
from azext_mltrouble.autoscale.errors import AutoscaleInputError
from azext_mltrouble.autoscale.prediction import predict
from azext_mltrouble.autoscale.recommendation import Goal, Service, commands, recommend, recommended_settings, samples
from azext_mltrouble.autoscale.sampling import sample
from azext_mltrouble.autoscale.settings import Router, Settings
from azext_mltrouble.autoscale.simulation import replay
from azext_mltrouble.autoscale.timeline import timelines
from azext_mltrouble.autoscale.traffic import Figures, Traffic, read_request_log
from azext_mltrouble.render.autoscale_sketch import sketch

MakeTraffic = Callable[..., Traffic]
DESCRIBED = {
    "minReplicas", "maxReplicas", "targetUtilization", "predictedErrorShare", "p95WaitMs", "meanReplicas",
    "replicaHours",
}  # fmt: skip


def share_on_second_half(traffic: Traffic, router: Router, goal: Goal, concurrency: int = 1) -> float:
    train, judge = traffic.split(0.5)
    settings = recommended_settings(train, goal, Router(), concurrency)
    return replay(
        judge.arrivals, judge.durations, settings, router, start=judge.start, end=judge.end
    ).refused_share


@pytest.mark.parametrize("smoothing", [0.0, 15.0])
@pytest.mark.parametrize("shape", ["steady", "daily"])
def test_the_goal_is_kept_on_traffic_that_was_not_seen(
    shape: str, smoothing: float, request: pytest.FixtureRequest
) -> None:
    traffic = request.getfixturevalue(shape)
    assert share_on_second_half(traffic, Router(smoothing=smoothing), Goal()) <= 0.001


def test_the_goal_is_kept_through_bursts(make_traffic: MakeTraffic) -> None:
    bursts = make_traffic(lambda t: 12.0 if int(t / 40) % 15 == 7 else 1.5, 12.0, 4 * 3600.0, 1.0)
    assert share_on_second_half(bursts, Router(smoothing=15), Goal()) <= 0.001


def test_several_requests_per_replica_need_fewer_replicas(steady: Traffic) -> None:
    single, four = (recommended_settings(steady, Goal(), Router(), c) for c in (1, 4))
    assert four.min_replicas < single.min_replicas / 2
    assert share_on_second_half(steady, Router(), Goal(), 4) <= 0.001


def test_stricter_goals_and_more_growth_never_need_fewer_replicas(daily: Traffic) -> None:
    result = recommend(daily, Goal(), Router())
    assert [row["goal"] for row in result["tradeoffs"]] == [0.01, 0.001, 0.0001]
    minima = [row["minReplicas"] for row in result["tradeoffs"]]
    assert minima == sorted(minima)
    grown = recommended_settings(daily, Goal(growth=2.0), Router())
    assert grown.min_replicas > result["recommendation"]["minReplicas"]


def test_a_recommendation_has_the_documented_shape(steady: Traffic) -> None:
    current = Settings()
    result = recommend(steady, Goal(), Router(), 1, Service(name="svc", current=current))
    for part in ("current", "recommendation", "guide"):
        assert set(result[part]) >= DESCRIBED
    assert result["current"]["maxReplicas"] == 10
    assert result["guide"]["replicas"] == queueing.guide_replicas(
        result["guide"]["targetRps"], result["guide"]["reqTime"], 0.7, 1
    )
    best = result["recommendation"]
    assert 10 < best["minReplicas"] <= best["maxReplicas"]
    assert best["predictedErrorShare"] <= 0.001
    assert best["replicaHours"] == pytest.approx(best["meanReplicas"] * 2, rel=0.01)
    assert f"--min-replicas {best['minReplicas']} " in result["commands"][0]
    assert any("maximum of 10 is reached" in reason for reason in result["reasons"])


def test_the_predicted_share_is_what_a_replay_of_the_settings_gives(steady: Traffic) -> None:
    current = Settings(9, 12, 0.8)
    result = recommend(steady, Goal(), Router(), 1, Service(current=current))
    outcome = replay(steady.arrivals, steady.durations, current, Router(), start=steady.start, end=steady.end)
    assert outcome.refused_share > 0.01
    assert result["current"]["predictedErrorShare"] == pytest.approx(outcome.refused_share, rel=0.35)


def test_a_minimum_that_is_too_low_is_named_as_the_reason(make_traffic: MakeTraffic) -> None:
    steps = make_traffic(lambda t: 9.0 if int(t / 600) % 2 else 0.5, 9.0, 7200.0, 1.0)
    result = recommend(steps, Goal(), Router(), 1, Service(current=Settings(1, 100, 0.7)))
    assert "The minimum of 1 is too low" in result["reasons"][0]


def test_no_reason_is_given_where_the_goal_is_kept(steady: Traffic) -> None:
    result = recommend(steady, Goal(), Router(), 1, Service(current=Settings(40, 60)))
    assert result["reasons"] == []


def test_figures_give_the_guides_number_and_one_that_keeps_the_goal() -> None:
    result = recommend(Figures(20, 10), Goal(growth=1.0), Router())
    assert result["guide"]["replicas"] == 286
    best = result["recommendation"]
    assert best["minReplicas"] == queueing.servers_needed(200, 10, 0.5, 0.001)
    assert best["minReplicas"] < 286
    assert best["predictedErrorShare"] <= 0.001
    small = recommend(Figures(0.5, 10), Goal(growth=1.0), Router())
    assert small["guide"]["predictedErrorShare"] > 0.01
    assert small["recommendation"]["predictedErrorShare"] <= 0.001


@pytest.mark.parametrize(
    ("current", "peak", "said"),
    [
        (Settings(1, 10), None, "The maximum of 10 is reached"),
        (Settings(1, 100, 0.95), None, "At a utilisation level of 95%"),
        (Settings(1, 100), 60.0, "The minimum of 1 is too low"),
    ],
)
def test_why_requests_are_refused_is_said_for_figures(current: Settings, peak: float | None, said: str) -> None:
    result = recommend(Figures(20, 1, peak), Goal(), Router(), 1, Service(current=current))
    assert any(said in reason for reason in result["reasons"])
    enough = recommend(Figures(20, 1, peak), Goal(), Router(), 1, Service(current=Settings(100, 200)))
    assert enough["reasons"] == []


def test_counts_are_searched_more_thoroughly_than_logs(daily: Traffic) -> None:
    counted = recommended_settings(replace(daily, counted=True), Goal(), Router())
    logged = recommended_settings(daily, Goal(), Router())
    for settings in (counted, logged):
        outcome = replay(daily.arrivals, daily.durations, settings, Router(), start=daily.start, end=daily.end)
        assert outcome.refused_share <= 0.001
    fine, finer = (samples(traffic, Router())[1] for traffic in (daily, replace(daily, counted=True)))
    assert len(finer.stretches) > len(fine.stretches)


def test_a_peak_rate_needs_more_than_the_mean() -> None:
    flat, peaked = (recommend(Figures(5, 1, peak), Goal(), Router()) for peak in (None, 20.0))
    assert peaked["recommendation"]["minReplicas"] > 2 * flat["recommendation"]["minReplicas"]
    assert any("No peak rate" in note for note in flat["assumptions"])


@pytest.mark.parametrize(
    ("service", "router", "concurrency", "said"),
    [
        (Service(current=Settings(1, 10)), Router(), 1, "below the recommended minimum"),
        (Service(node_replicas=20), Router(), 1, "not even the minimum"),
        (Service(workers=1), Router(), 2, "above the 1 worker"),
        (Service(timeout=5.0), Router(), 1, "no number of replicas"),
        (Service(kind="managed"), Router(), 1, "429"),
        (Service(), Router(start_delay=300), 1, "take 300 s to start"),
    ],
)
def test_what_replicas_cannot_cure_is_warned_of(
    service: Service, router: Router, concurrency: int, said: str
) -> None:
    result = recommend(Figures(20, 10), Goal(), router, concurrency, service)
    assert any(said in warning for warning in result["warnings"])
    plain = recommend(Figures(20, 10), Goal(), Router())
    assert plain["warnings"] == []


def test_bursts_inside_a_second_are_warned_of() -> None:
    rows = [f"{1_700_000_000 + 30 * burst + i / 1000},1" for burst in range(200) for i in range(30)]
    traffic = read_request_log(io.StringIO("timestamp,duration\n" + "\n".join(rows)))
    assert any("Bursts" in warning for warning in recommend(traffic, Goal(), Router())["warnings"])


def test_a_short_log_cannot_show_the_goal_and_says_so(make_traffic: MakeTraffic) -> None:
    short = make_traffic(lambda _: 1.0, 1.0, 600.0, 1.0)
    result = recommend(short, Goal(), Router())
    assert any("cannot show" in warning for warning in result["warnings"])
    assert [row["shown"] for row in result["tradeoffs"]] == [True, False, False]


@pytest.mark.parametrize(
    "bad", [{"max_errors": 0.0}, {"max_errors": 1.0}, {"growth": -1.0}, {"target_utilization": 70.0}]
)
def test_a_goal_that_cannot_be_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(AutoscaleInputError):
        Goal(**bad)


def test_commands_name_both_bounds_for_each_kind_of_service() -> None:
    settings = Settings(12, 40, 0.9)
    aks = commands(Service("svc"), settings)[0]
    assert "-n svc --min-replicas 12 --max-replicas 40 --target-utilization 90" in aks
    kubernetes = commands(Service("blue", "ep", "kubernetes"), settings)[0]
    assert "min_instances=12" in kubernetes
    assert "max_instances=40" in kubernetes
    assert commands(Service("blue", "ep", "managed"), settings) == [
        "az ml online-deployment update -e ep -n blue --set instance_count=12"
    ]


def test_a_sample_stands_for_all_of_the_traffic(daily: Traffic) -> None:
    part = sample(daily, 20_000, 1.0)
    whole = sample(daily, 1e9, 1.0)
    assert not part.whole
    assert whole.whole
    assert sum(stretch.requests for stretch in part.stretches) < len(daily.arrivals) / 3
    assert part.requests == pytest.approx(len(daily.arrivals), rel=0.1)
    for settings in (Settings(4, 40, 0.7), Settings(8, 9, 0.9)):
        exact, estimate = (predict(one, settings, Router()) for one in (whole, part))
        assert estimate.mean_replicas == pytest.approx(exact.mean_replicas, rel=0.1)
        assert estimate.error_share == pytest.approx(exact.error_share, rel=0.5, abs=0.002)


def test_a_backtest_judges_on_what_the_policies_have_not_seen(daily: Traffic) -> None:
    result = backtest(daily, Goal(), Router(), 1, 0.5)
    policies = {row["policy"]: row for row in result["policies"]}
    assert list(policies) == ["defaults", "guideAtMean", "guideAtPeak", "recommended", "cheapest"]
    assert result["train"]["requests"] + result["judge"]["requests"] == len(daily.arrivals)
    assert policies["recommended"]["goalKept"]
    assert not policies["guideAtMean"]["goalKept"]
    assert policies["cheapest"]["replicaHours"] <= policies["recommended"]["replicaHours"]
    given = backtest(daily, Goal(), Router(), 1, 0.5, given=Settings(2, 5))
    assert [row["policy"] for row in given["policies"]] == ["given"]


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_backtest_needs_both_parts(daily: Traffic, share: float) -> None:
    with pytest.raises(AutoscaleInputError):
        backtest(daily, Goal(), Router(), 1, share)


def test_a_timeline_adds_up(steady: Traffic) -> None:
    named = {"current": Settings(1, 10), "recommended": Settings(25, 40, 0.9)}
    current, recommended = timelines(steady, named, Router(), 80)
    assert sum(current.load) / 80 == pytest.approx(10, rel=0.03)
    assert max(current.capacity) <= 10
    assert min(recommended.capacity) == pytest.approx(25)
    outcome = replay(
        steady.arrivals, steady.durations, named["current"], Router(), start=steady.start, end=steady.end
    )
    assert sum(current.refused) == len(outcome.refusals) > 0


def test_a_sketch_fits_a_terminal_and_shows_what_is_refused(steady: Traffic) -> None:
    named = {"current": Settings(1, 10), "recommended": Settings(25, 40, 0.9)}
    lines = sketch(timelines(steady, named, Router(), 80)).splitlines()
    assert all(len(line) <= 100 for line in lines)
    assert [line.split()[0] for line in lines[:5]] == ["load", "current", "refused", "recommended", "refused"]
    assert "█" in lines[2]
    assert "(none)" in lines[4]


def test_the_cautious_search_covers_slow_routers(steady: Traffic) -> None:
    slow = replace(Router(), start_delay=180.0)
    assert share_on_second_half(steady, slow, Goal()) <= 0.001
