"""Whether a later success makes an earlier failure in the same log void."""
from __future__ import annotations

from azext_mltrouble.diagnosis.matches import Match

#: The signal of a server process that starts; its group ``worker`` is the process.
_WORKER_BOOTS = "server_bound"


def is_cleared(failure: Match, successes: list[Match], signals: dict[str, list[Match]]) -> bool:
    """Whether one of the successes came after the failure and is that of the same attempt's repetition.

    Workers of one server start side by side: that one of them succeeds says nothing about another that failed. It does
    if it was started after the failure, in its place.
    """
    boots = {one.values["worker"]: one for one in signals.get(_WORKER_BOOTS, ()) if "worker" in one.values}
    return any(
        (success.place, success.column) > (failure.place, failure.column)
        and not _are_siblings(failure, success, boots)
        for success in successes
    )


def _are_siblings(failure: Match, success: Match, boots: dict[str, Match]) -> bool:
    if None in (failure.worker, success.worker) or failure.worker == success.worker:
        return False
    started = boots.get(success.worker or "")
    return failure.worker in boots and started is not None and started.place < failure.place
