"""The bundle: evidence as one zip file, for a colleague, a support case, or later.

    manifest.json        format version, target, observations, and what the other files are
    facts/NAME.json      one payload each
    logs/N-NAME.log      one text each

Bundles come from others: nothing in one is trusted before it is checked.
"""
from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import zipfile
import zlib
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from azure.cli.core.azclierror import AzCLIError, FileOperationError, InvalidArgumentValueError

from azext_mltrouble.cloud.printable import printable
from azext_mltrouble.evidence.model import STAGES, Evidence, Log, Observation, Target, Where
from azext_mltrouble.evidence.redaction import Redactor
from azext_mltrouble.evidence.spool import Spool

FORMAT_VERSION = "1.0"
_MANIFEST = "manifest.json"
_MEMBER = re.compile(r"manifest\.json|facts/[A-Za-z][A-Za-z0-9]{0,63}\.json|logs/[0-9]{1,4}-[a-z0-9-]{1,64}\.log")
_MOST_MEMBERS = 500
#: Bytes of one payload, and of everything in a bundle, unpacked.
_LARGEST_PAYLOAD = 64 << 20
_LARGEST_BUNDLE = 2 << 30
#: Logs compress well, but not like a file made to fill a disk.
_SUSPECT_SIZE = 16 << 20
_SUSPECT_RATIO = 300
_MAKE_ONE = "Make one with: az ml trouble collect -n NAME -g GROUP -w WORKSPACE"
_MAKE_AGAIN = f"Ask for it again, or make a new one. {_MAKE_ONE}"


# -- writing -----------------------------------------------------------------------------------------------------------


def write_bundle(evidence: Evidence, path: Path | str) -> None:
    """Writes the evidence to a new file, or in place of an existing one, readable by the user alone.

    The file appears when it is complete. Raises FileOperationError when it cannot be written.
    """
    path = Path(path)
    try:
        descriptor, part = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                _write_members(archive, evidence)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        Path(part).unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> AzCLIError:
    return FileOperationError(
        f"The bundle '{path}' cannot be written: {error.strerror or error}.",
        recommendation="Name a file in a folder that you may write to, on a disk with room.",
    )


def _write_members(archive: zipfile.ZipFile, evidence: Evidence) -> None:
    """Redacts once more what it writes: a bundle leaves the machine."""
    redactor = Redactor()
    facts = {name: f"facts/{name}.json" for name in evidence.facts}
    for name, member in facts.items():
        archive.writestr(member, json.dumps(redactor.payload(evidence.facts[name]), ensure_ascii=False, indent=1))
    logs = []
    for number, log in enumerate(evidence.logs, 1):
        member = f"logs/{number}-{re.sub(r'[^a-z0-9]+', '-', log.source.lower())[:64].strip('-') or 'log'}.log"
        with log.open() as source, archive.open(member, "w", force_zip64=True) as target:
            for chunk in redactor.stream(source):
                target.write(chunk)
        logs.append({"source": log.source, "where": log.where, "file": member})
    manifest = {
        "formatVersion": FORMAT_VERSION,
        "collectedAt": evidence.collected_at,
        "target": asdict(evidence.target),
        "observations": [asdict(one) for one in evidence.observations],
        "redactions": evidence.redactions,
        "facts": facts,
        "logs": logs,
    }
    archive.writestr(_MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))


# -- reading -----------------------------------------------------------------------------------------------------------


def read_bundle(path: Path | str) -> Evidence:
    """The evidence in a bundle; it diagnoses to the same report as where it was collected.

    Raises FileOperationError when the file cannot be read and InvalidArgumentValueError when it is no whole, sound
    bundle of a format that this version knows.
    """
    path = Path(path)
    try:
        with zipfile.ZipFile(path) as archive:
            return _evidence(archive, path)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError) as error:
        raise _unsound(path, f"it is no zip file, or a damaged one ({error})") from error
    except OSError as error:
        raise FileOperationError(
            f"The bundle '{path}' cannot be read: {error.strerror or error}.",
            recommendation=f"Name the zip file that 'az ml trouble collect' wrote. {_MAKE_ONE}",
        ) from error


def _unsound(path: Path, reason: str, advice: str = _MAKE_AGAIN) -> AzCLIError:
    return InvalidArgumentValueError(f"'{path}' is no bundle that can be read: {reason}.", recommendation=advice)


def _evidence(archive: zipfile.ZipFile, path: Path) -> Evidence:
    members = _checked_members(archive, path)
    if _MANIFEST not in members:
        raise _unsound(path, f"it holds no {_MANIFEST}")
    manifest = _json(archive, _MANIFEST, path)
    _check_version(manifest, path)
    try:
        facts, logs = dict(manifest["facts"]), list(manifest["logs"])
        named = {_MANIFEST, *facts.values(), *(str(log["file"]) for log in logs)}
        target, observations = _target(manifest["target"]), [_observation(one) for one in manifest["observations"]]
        redactions = {str(kind): int(count) for kind, count in manifest["redactions"].items()}
        collected_at = _text_or_none(manifest["collectedAt"])
        sources = [(str(log["source"]), _where(log["where"]), str(log["file"])) for log in logs]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _unsound(path, f"its {_MANIFEST} is not as it should be ({type(error).__name__}: {error})") from error
    if named - members:
        raise _unsound(path, f"it lacks {', '.join(sorted(map(repr, named - members)))}")
    if members - named:
        raise _unsound(path, f"it holds {', '.join(sorted(map(repr, members - named)))}, which is no part of it")
    redactor = Redactor()
    return Evidence(
        target=target,
        facts={str(name): redactor.payload(_json(archive, member, path)) for name, member in facts.items()},
        logs=_unpacked_logs(archive, sources, redactor),
        observations=observations,
        redactions=_sum(redactions, redactor.counts),
        collected_at=collected_at,
    )


def _checked_members(archive: zipfile.ZipFile, path: Path) -> set[str]:
    """The names in an archive that can be unpacked without harm."""
    infos = archive.infolist()
    names = [info.filename for info in infos]
    if len(names) > _MOST_MEMBERS:
        raise _unsound(path, f"it holds {len(names)} files")
    if len(set(names)) != len(names):
        raise _unsound(path, "it holds a file twice")
    for info in infos:
        if not _MEMBER.fullmatch(info.filename):
            raise _unsound(path, f"it holds {info.filename[:100]!r}, which is no part of a bundle")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise _unsound(path, f"{info.filename!r} is a link")
        if info.flag_bits & 1:
            raise _unsound(path, "it is encrypted", "Unpack it with its password and pack it again without.")
        is_text = info.filename.startswith("logs/")
        too_large = info.file_size > (_LARGEST_BUNDLE if is_text else _LARGEST_PAYLOAD)
        if too_large or (
            info.file_size > _SUSPECT_SIZE and info.file_size > _SUSPECT_RATIO * max(1, info.compress_size)
        ):
            raise _unsound(path, f"{info.filename!r} unpacks to {info.file_size} bytes")
    if sum(info.file_size for info in infos) > _LARGEST_BUNDLE:
        raise _unsound(path, "it unpacks to more than 2 GiB")
    return set(names)


def _check_version(manifest: Any, path: Path) -> None:
    version = manifest.get("formatVersion") if isinstance(manifest, dict) else None
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", version) if isinstance(version, str) else None
    if not match:
        raise _unsound(path, f"its {_MANIFEST} names no format version")
    if int(match[1]) > int(FORMAT_VERSION.partition(".")[0]):
        raise _unsound(
            path,
            f"its format {version} is newer than {FORMAT_VERSION}, the newest that this version knows",
            "Update the extension: az extension update --name mltrouble",
        )


def _json(archive: zipfile.ZipFile, member: str, path: Path) -> Any:
    try:
        return printable(json.loads(archive.read(member)))
    except (ValueError, RecursionError) as error:
        raise _unsound(path, f"{member!r} is no JSON") from error


def _unpacked_logs(
    archive: zipfile.ZipFile, sources: list[tuple[str, Where | None, str]], redactor: Redactor
) -> list[Log]:
    """The logs in private files, so that a damaged one is found now and the bundle may go."""
    if not sources:
        return []
    spool = Spool()
    logs = []
    for source, where, member in sources:
        file = spool.file(Path(member).name)
        with archive.open(member) as packed:
            file.write(redactor.stream(packed))  # type: ignore[arg-type]
        logs.append(Log(source, where, file.open))
    return logs


def _target(fields: dict[str, Any]) -> Target:
    if fields["kind"] not in ("service", "endpoint", "log", "bundle") or fields["generation"] not in ("v1", "v2", None):
        raise ValueError("unknown kind of target")
    optional = ("name", "compute", "workspace", "resource_group", "state")
    return Target(
        kind=fields["kind"],
        generation=fields["generation"],
        **{name: _text_or_none(fields[name]) for name in optional},
    )


def _observation(fields: dict[str, Any]) -> Observation:
    if fields["status"] not in ("collected", "absent", "unavailable") or fields["stage"] not in STAGES:
        raise ValueError("unknown status or stage of an observation")
    texts = {name: str(fields[name]) for name in ("source", "stage", "title", "detail", "remedy")}
    return Observation(status=fields["status"], duration_ms=int(fields["duration_ms"]), **texts)


def _where(value: Any) -> Where | None:
    if value is not None and value not in get_args(Where):
        raise ValueError("unknown kind of log")
    where: Where | None = value
    return where


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _sum(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    return {kind: one.get(kind, 0) + other.get(kind, 0) for kind in sorted({*one, *other})}
