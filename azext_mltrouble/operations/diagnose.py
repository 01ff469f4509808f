"""``az ml trouble diagnose``: evidence in, report out."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from azext_mltrouble.operations.fail_on import exit_after_output
from azext_mltrouble.operations.files import make_sure_writable

if TYPE_CHECKING:
    from azext_mltrouble.evidence.model import Evidence


def diagnose(
    cmd: Any,
    *,
    name: str | None = None,
    workspace_name: str | None = None,
    resource_group_name: str | None = None,
    log: list[str] | None = None,
    bundle: str | None = None,
    all_targets: bool = False,
    generation: str | None = None,
    fail_on: str = "never",
    report: list[str] | None = None,
    yes: bool = False,
) -> Any:
    """Diagnoses what the options name. Returns one report, or with ``all_targets`` a list of them."""
    for path in report or ():
        make_sure_writable(Path(path), yes)

    if log:
        result: Any = _report_of(_evidence_of_logs(log))
    elif bundle:
        result = _report_of(_evidence_of_bundle(bundle))
    else:
        from azext_mltrouble.operations.live import evidence_of_all, evidence_of_one

        if all_targets:
            evidence = evidence_of_all(cmd, resource_group_name, workspace_name, generation)
            result = [_report_of(one) for one in evidence]
        else:
            result = _report_of(evidence_of_one(cmd, resource_group_name, workspace_name, name, generation))

    for path in report or ():
        _write_report(result, path)
    exit_after_output(cmd.cli_ctx, result if isinstance(result, list) else [result], fail_on)
    return result


def _evidence_of_logs(paths: list[str]) -> Evidence:
    from azext_mltrouble.evidence.log_files import evidence_of_logs

    return evidence_of_logs(paths)


def _evidence_of_bundle(path: str) -> Evidence:
    from azext_mltrouble.evidence.bundle import read_bundle

    return read_bundle(Path(path))


def _report_of(evidence: Evidence) -> dict[str, Any]:
    from azure.cli.core.azclierror import FileOperationError

    from azext_mltrouble.diagnosis.engine import diagnose as diagnose_evidence

    try:
        return diagnose_evidence(evidence).to_dict()
    except OSError as error:
        raise FileOperationError(
            f"A log could not be read to its end: {error.strerror or error}.",
            recommendation="Copy the log to a local disk and diagnose the copy.",
        ) from error


def _write_report(result: Any, path: str) -> None:
    from azext_mltrouble.render.report_file import write_report

    write_report(result, path)
