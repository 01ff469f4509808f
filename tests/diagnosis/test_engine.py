"""How causes are weighed against one another, and what the report says around them."""
from __future__ import annotations

import json
from typing import Any

import pytest

from azext_mltrouble.diagnosis.engine import diagnose
from azext_mltrouble.diagnosis.knowledge import Knowledge
from azext_mltrouble.diagnosis.report import Finding
from azext_mltrouble.evidence.model import STAGES, Evidence, Log, Observation, Target, Where


def entry(code: str, literal: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "cause": f"cause_of_{literal.split()[0]}",
        "title": literal,
        "stage": "launch",
        "generations": ["v1"],
        "severity": "error",
        "kind": "cause",
        "confidence": "high",
        "patterns": [{"literal": literal}],
        "summary": "{what|it} happened",
        "remedy": {"text": "Mend it.", "commands": ["mend {what}"]},
        "doc": "https://learn.microsoft.com/",
        **changes,
    }


def knowledge(*entries: dict[str, Any], signals: tuple[dict[str, Any], ...] = ()) -> Knowledge:
    return Knowledge.of({"entries": entries, "signals": signals})


def root_of(known: Knowledge, *texts: str) -> str | None:
    logs = [Log.of_text(f"log {number}", "container_log", text) for number, text in enumerate(texts)]
    root = diagnose(Evidence(Target(None, "log"), logs=logs), known).root_cause
    return root.code if root else None


A = entry("MLT4001", "alpha error")
B = entry("MLT4002", "beta error")


def test_the_earliest_cause_wins() -> None:
    assert root_of(knowledge(A, B), "beta error\nalpha error") == "MLT4002"
    assert root_of(knowledge(A, B), "alpha error\nbeta error") == "MLT4001"


def test_an_envelope_never_wins_and_is_left_out() -> None:
    known = knowledge({**A, "kind": "envelope"}, B)
    report = diagnose(Evidence(Target(None, "log"), logs=[Log.of_text("l", None, "alpha error\nbeta error")]), known)
    assert [finding.code for finding in report.findings] == ["MLT4002"]
    assert root_of(known, "alpha error") == "MLT4001"


def test_a_symptom_loses_to_a_later_cause() -> None:
    assert root_of(knowledge({**A, "kind": "symptom"}, B), "alpha error\nbeta error") == "MLT4002"


def test_a_superseded_cause_is_left_out() -> None:
    assert root_of(knowledge(A, {**B, "supersedes": ["cause_of_al*"]}), "alpha error\nbeta error") == "MLT4002"


def test_a_weak_proof_loses_to_a_later_strong_one() -> None:
    assert root_of(knowledge({**A, "confidence": "low"}, B), "alpha error\nbeta error") == "MLT4002"


DONE = {"signal": "done", "clears": ["cause_of_alpha"], "patterns": [{"literal": "finished successfully"}]}


def test_a_later_success_clears_what_was_tried_before() -> None:
    known = knowledge(A, B, signals=(DONE,))
    assert root_of(known, "alpha error\nfinished successfully") is None
    assert root_of(known, "beta error\nfinished successfully") == "MLT4002"
    assert root_of(known, "alpha error\nfinished successfully\nalpha error") == "MLT4001"
    assert root_of(known, "alpha error", "finished successfully") == "MLT4001"


def test_a_log_is_healthy_only_where_it_says_that_a_step_ended_well() -> None:
    known = knowledge(A, signals=(DONE,))
    verdicts = {
        text: diagnose(Evidence(Target(None, "log"), logs=[Log.of_text("l", None, text)]), known).verdict
        for text in ("hello world", "finished successfully", "panic: what is it", "finished successfully\nalpha error")
    }
    assert list(verdicts.values()) == ["unknown", "healthy", "unknown", "failed"]


def test_noise_is_no_finding_and_alarms_nobody() -> None:
    noise = {"signal": "noise", "noise": True, "patterns": [{"literal": "harmless alpha error"}]}
    known = knowledge(A, signals=(noise,))
    report = diagnose(Evidence(Target(None, "log"), logs=[Log.of_text("l", None, "a harmless alpha error")]), known)
    assert (report.verdict, report.findings) == ("unknown", ())
    assert root_of(known, "a harmless alpha error\nalpha error") == "MLT4001"


def pattern_of(**conditions: Any) -> Knowledge:
    return knowledge(entry("MLT4001", "alpha error", patterns=[{"literal": "alpha error", **conditions}]))


@pytest.mark.parametrize(
    ("conditions", "text", "matched"),
    [
        ({"where": ["build_log"]}, "alpha error", False),
        ({"unless": "harmless"}, "harmless alpha error", False),
        ({"near": {"regex": "omega", "before": 2}}, "omega\n\nalpha error", True),
        ({"near": {"regex": "omega", "before": 2}}, "omega\n\n\nalpha error", False),
        ({"not_near": {"regex": "omega", "after": 1}}, "alpha error\nomega", False),
        ({"in_traceback": "in init"}, 'Traceback (most recent call last):\n  File "a", in init\nalpha error', True),
        ({"in_traceback": "in init"}, 'File "a", in init\nTraceback (most recent call last):\nalpha error', False),
        ({"in_traceback": "in init"}, 'Traceback (most recent call last): File "a", in init alpha error', True),
        ({"in_traceback": "in init"}, '  File "a", in init\nalpha error', True),
        ({"near": {"regex": "omega", "before": 2}}, '{"text": "omega\\n\\nalpha error"}', True),
        ({"near": {"regex": "omega", "before": 1}}, '{"text": "omega\\nbeta\\nalpha error"}', False),
        ({"not_near": {"regex": "omega", "after": 1}}, '{"text": "alpha error\\nbeta\\nomega"}', True),
        ({"near": {"regex": "omega", "before": 2}}, '{"text": "omega\\n1"}\nalpha error', True),
        ({"near": {"regex": "omega", "before": 2}}, '{"text": "omega\\n1\\n2"}\nalpha error', False),
        ({"regex": "alpha error (?P<what>.)", "near": {"regex": "<{what}>", "after": 1}}, "alpha error +\n<+>", True),
        ({"regex": "alpha error (?P<what>.)", "near": {"regex": "<{what}>", "after": 1}}, "alpha error .\n<+>", False),
    ],
)
def test_conditions_of_a_pattern(conditions: dict[str, Any], text: str, matched: bool) -> None:
    assert (root_of(pattern_of(**conditions), text) == "MLT4001") is matched


def test_conditions_on_signals() -> None:
    done = {"signal": "done", "patterns": [{"literal": "finished successfully"}]}
    with_it = knowledge(entry("MLT4001", "x", patterns=[{"literal": "alpha error", "with": ["done"]}]), signals=(done,))
    assert root_of(with_it, "alpha error\nfinished successfully") == "MLT4001"
    assert root_of(with_it, "alpha error") is None


def finding_in(known: Knowledge, where: Where | None, text: str) -> tuple[str, str] | None:
    root = diagnose(Evidence(Target(None, "log"), logs=[Log.of_text("log", where, text)]), known).root_cause
    return (root.code, root.confidence) if root else None


SERVER = "[2023-05-10 06:41:12 +0000] [8] [INFO] Booting worker with pid: 8\n"
BUILD = "Step 4/9 : RUN pip install -r requirements.txt\n"


@pytest.mark.parametrize(
    ("where", "text", "found"),
    [
        ("build_log", "alpha error", ("MLT4001", "high")),
        ("container_log", SERVER + "alpha error", None),
        ("container_log", "alpha error", None),
        ("container_log", BUILD + "alpha error", ("MLT4001", "medium")),
        ("deploy_error", "alpha error", ("MLT4001", "medium")),
        (None, "alpha error", ("MLT4001", "high")),
        (None, BUILD + "alpha error", ("MLT4001", "high")),
        (None, SERVER + "alpha error", ("MLT4001", "medium")),
        (None, SERVER + "alpha error\nbeta error", ("MLT4002", "high")),
        (None, BUILD + "alpha error\nbeta error", ("MLT4001", "high")),
    ],
)
def test_a_wrong_or_missing_kind_hides_no_cause_and_makes_none_up(
    where: Where | None, text: str, found: tuple[str, str] | None
) -> None:
    in_builds = {**A, "patterns": [{"literal": "alpha error", "where": ["build_log"]}]}
    assert finding_in(knowledge(in_builds, B), where, text) == found


def test_an_envelope_stays_one_whatever_other_kinds_of_text_would_say() -> None:
    known = knowledge({**A, "kind": "envelope"}, {**B, "patterns": [{"literal": "beta error", "where": ["build_log"]}]})
    assert finding_in(known, "deploy_error", "alpha error\nbeta error") == ("MLT4001", "high")


def test_of_two_causes_in_a_line_the_surer_wins() -> None:
    assert root_of(knowledge({**A, "confidence": "medium"}, B), "alpha error: beta error") == "MLT4002"
    assert root_of(knowledge(A, B), "alpha error: beta error") == "MLT4001"


READY = {"signal": "ready", "clears": ["cause_of_*"], "patterns": [{"literal": "init has completed successfully"}]}
BOOTS = {
    "signal": "server_bound",
    "patterns": [{"literal": "booting worker", "regex": r"Booting worker with pid: (?P<worker>\d+)"}],
}


@pytest.mark.parametrize(
    ("lines", "cause"),
    [
        (["I [8] gunicorn - Booting worker with pid: 8", "E [8] azmlinfsrv - no init", "alpha error",
          "I [9] gunicorn - Booting worker with pid: 9", "I [9] azmlinfsrv - init has completed successfully"], None),
        (["I [8] gunicorn - Booting worker with pid: 8", "I [9] gunicorn - Booting worker with pid: 9",
          "E [8] azmlinfsrv - no", "alpha error", "I [9] azmlinfsrv - init has completed successfully"], "MLT4001"),
        (["I [8] gunicorn - Booting worker with pid: 8", "I [9] gunicorn - Booting worker with pid: 9",
          "E [8] azmlinfsrv - once", "alpha error", "I [8] azmlinfsrv - init has completed successfully"], None),
        (["I [8] gunicorn - Booting worker with pid: 8", "alpha error", "init has completed successfully"], None),
    ],
)  # fmt: skip
def test_one_workers_success_is_not_another_ones(lines: list[str], cause: str | None) -> None:
    assert root_of(knowledge(A, signals=(READY, BOOTS)), "\n".join(lines)) == cause


def test_lines_that_differ_in_digits_are_told_apart_where_digits_matter() -> None:
    known = knowledge(entry("MLT4001", "x", patterns=[{"literal": "exit code", "regex": "exit code: 137"}]))
    lines = [f"10:00:0{number} worker exit code: 100" for number in range(9)]
    assert root_of(known, "\n".join(lines)) is None
    assert root_of(known, "\n".join([*lines, "10:00:01 worker exit code: 137"])) == "MLT4001"


@pytest.mark.parametrize("place", [0, 500, 999])
def test_one_failure_among_very_many_harmless_lines_is_found(place: int) -> None:
    lines = [f"alpha error {number}, harmless" for number in range(1000, 2000)]
    lines[place] = "alpha error at last"
    assert root_of(pattern_of(unless="harmless"), "\n".join(lines)) == "MLT4001"


def test_quoted_lines_show_each_proof_before_one_is_repeated() -> None:
    known = knowledge(entry("MLT4001", "x", patterns=[{"literal": "alpha error"}, {"literal": "beta error"}]))
    log = Log.of_text("l", None, "alpha error\n" * 5 + "beta error")
    root = diagnose(Evidence(Target(None, "log"), logs=[log]), known).root_cause
    assert root is not None
    assert [line.line for line in root.evidence] == [1, 2, 6]


def test_telling_lines_of_a_message_are_its_own_lines() -> None:
    log = Log.of_text("l", None, '{"content": "all is well\\nsome strange frobnicator error\\nbye"}')
    report = diagnose(Evidence(Target(None, "log"), logs=[log]))
    assert [line.text for line in report.findings[0].evidence] == ["some strange frobnicator error"]


def test_an_unknown_failure_is_said_plainly_with_its_lines() -> None:
    log = Log.of_text("app.log", None, "fine\nsome strange failure: frobnicator error 12\n")
    report = diagnose(Evidence(Target(None, "log"), logs=[log]))
    assert (report.verdict, report.root_cause) == ("unknown", None)
    assert [(line.line, line.source) for line in report.findings[0].evidence] == [(2, "app.log")]
    assert report.next_steps


def test_values_in_commands_are_quoted_and_never_options() -> None:
    known = knowledge(
        entry("MLT4001", "x", patterns=[{"literal": "alpha error", "regex": "alpha error (?P<what>.{1,200})"}])
    )
    evidence = Evidence(Target(None, "log"), logs=[Log.of_text("l", None, "alpha error --yes;rm -rf ~ $(x)")])
    root = diagnose(evidence, known).root_cause
    assert root is not None
    assert root.remedy_commands == ("mend 'yes;rm -rf ~ $(x)'",)


def test_secrets_are_masked_everywhere() -> None:
    known = knowledge(
        entry("MLT4001", "x", patterns=[{"literal": "alpha error", "regex": "alpha error (?P<what>.{1,200})"}])
    )
    secret = "AccountKey=" + "Ab1+" * 21 + "Ab=="
    report = diagnose(Evidence(Target(None, "log"), logs=[Log.of_text("l", None, f"alpha error {secret}")]), known)
    assert "Ab1+Ab1+" not in json.dumps(report.to_dict())
    assert sum(report.redactions.values()) >= 1


def test_unknown_is_not_passed() -> None:
    observations = [
        Observation("service", "launch", "service", "collected"),
        Observation("container log", "launch", "container log", "unavailable", "403", "az role assignment create"),
        Observation("image", "image", "image", "absent"),
    ]
    target = Target("mysvc", "service", state="Transitioning")
    report = diagnose(Evidence(target, facts={"service": {}}, observations=observations))
    by_stage = {stage.stage: stage for stage in report.stages}
    assert [stage.stage for stage in report.stages] == list(STAGES)
    assert (by_stage["launch"].status, by_stage["image"].status) == ("unknown", "skipped")
    assert "az role assignment create" in by_stage["launch"].checks[1].detail
    assert report.verdict == "unknown"
    assert "az ml trouble service log -n mysvc" in report.next_steps


def test_a_finding_marks_the_check_of_its_source() -> None:
    observations = [Observation("container log", "launch", "container log", "collected")]
    log = Log.of_text("container log", "container_log", "ModuleNotFoundError: No module named 'lightgbm'")
    report = diagnose(Evidence(Target("s", "service", state="Failed"), logs=[log], observations=observations))
    launch = next(stage for stage in report.stages if stage.stage == "launch")
    assert (launch.status, [check.id for check in launch.checks]) == ("failed", ["container log"])
    assert (report.failed_stage, report.verdict) == ("launch", "failed")


def test_a_wiped_policy_needs_the_facts_together() -> None:
    facts: dict[str, Any] = {
        "workspace": {"identity": {"principalId": "9F8E"}},
        "vault": {"name": "kv", "properties": {"accessPolicies": [{"objectId": "other"}]}},
        "image": {"error": {"code": "InternalServerError", "statusCode": 500, "message": "An internal server error"}},
    }

    def root(**changes: Any) -> tuple[str, str]:
        found = diagnose(Evidence(Target("s", "service", state="Failed"), facts={**facts, **changes})).root_cause
        assert found is not None
        return found.cause, found.confidence

    redeployed = {"activity": [{"operationName": {"value": "Microsoft.KeyVault/vaults/write"}}]}
    assert root() == ("keyvault_policy_wiped", "medium")
    assert root(vaultHistory=redeployed) == ("keyvault_policy_wiped", "high")
    assert root(vault={"properties": {"accessPolicies": [{"objectId": "9f8e"}]}})[0] == "mms_internal_error"
    assert root(vault={"properties": {"enableRbacAuthorization": True}})[0] == "mms_internal_error"


def root_with(facts: dict[str, Any], **logs: str) -> Finding | None:
    texts = [Log.of_text(where.replace("_", " "), where, text) for where, text in logs.items()]  # type: ignore[arg-type]
    return diagnose(Evidence(Target("s", "service", state="Unhealthy"), facts=facts, logs=texts)).root_cause


PROBE = {"initialDelaySeconds": 60, "periodSeconds": 10, "failureThreshold": 3}
V2_PROBE = {"initialDelay": "PT1M", "period": "PT10S", "failureThreshold": 3}


@pytest.mark.parametrize(
    "facts",
    [
        {"service": {"state": "Unhealthy", "livenessProbeRequirements": PROBE}},
        {"deployments": [{"properties": {"livenessProbe": V2_PROBE}}]},
    ],
)
@pytest.mark.parametrize(("minute", "cause"), [("01:29", None), ("01:30", "probe_timeout"), ("09:00", "probe_timeout")])
def test_a_start_that_takes_longer_than_the_probe_allows(facts: dict[str, Any], minute: str, cause: str | None) -> None:
    log = f"""[2024-02-02 10:00:00 +0000] [31] [INFO] Booting worker with pid: 31
[2024-02-02 10:{minute} +0000] [8] [INFO] Handling signal: term"""
    root = root_with(facts, container_log=log)
    assert (root and root.cause) == cause
    if root:
        seconds = int(minute[:2]) * 60 + int(minute[3:])
        assert f"stopped after {seconds} s, init() at work; the liveness probe allows 90 s" in root.summary
        assert root.confidence == "high"


def test_a_slow_start_is_no_cause_beside_an_exception() -> None:
    log = """[2024-02-02 10:00:00 +0000] [31] [INFO] Booting worker with pid: 31
ModuleNotFoundError: No module named 'lightgbm'
[2024-02-02 10:09:00 +0000] [8] [INFO] Handling signal: term"""
    root = root_with({"service": {"livenessProbeRequirements": PROBE}}, container_log=log)
    assert root is not None
    assert root.cause == "missing_python_module"


def test_both_versions_of_a_pickle_are_named_from_two_logs() -> None:
    build = "Step 5/9 : RUN pip install\nSuccessfully installed joblib-1.1.1 numpy-1.18.5 scikit-learn-0.20.3"
    crash = """  File "/opt/env/lib/python3.6/pickle.py", line 1388, in find_class
ModuleNotFoundError: No module named 'sklearn.linear_model._ridge'"""
    root = root_with({}, build_log=build, container_log=crash)
    assert root is not None
    assert root.cause == "pickle_version_mismatch"
    assert "written with scikit-learn 0.22 or newer; the image has scikit-learn 0.20.3" in root.summary
    assert [(line.source, line.line) for line in root.evidence] == [("container log", 2), ("build log", 2)]


def test_an_unschedulable_replica_is_told_what_it_asks_for() -> None:
    service = {
        "state": "Unschedulable",
        "containerResourceRequirements": {"cpu": 3.5, "memoryInGB": 12},
        "error": {"code": "KubernetesError", "details": [
            {"code": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu, 1 Insufficient memory."}
        ]},
    }  # fmt: skip
    root = root_with({"service": service})
    assert root is not None
    assert root.cause == "aks_insufficient_resources"
    assert "asks for 3.5 CPU and 12 GB, with what the platform adds 3.6 CPU and 12.6 GB" in root.summary
    assert "short of cpu, memory" in root.summary


@pytest.mark.parametrize("payload", [None, [], "text", 5, {"properties": None}, {"error": {"details": [None, 3]}}])
def test_payloads_of_another_shape_prove_nothing_and_break_nothing(payload: Any) -> None:
    names = ("service", "operation", "image", "containerGroup", "vault", "vaultHistory", "workspace", "registry")
    report = diagnose(Evidence(Target("s", "service", state="Healthy"), facts=dict.fromkeys(names, payload)))
    assert report.root_cause is None
