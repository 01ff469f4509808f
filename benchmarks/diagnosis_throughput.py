"""Measure how fast the diagnosis reads logs, and print ratios: python -m benchmarks.diagnosis_throughput [MEGABYTES]

There are two yardsticks, in the same run: `grep -E -c -i` with the same patterns, which is what the diagnosis does,
and with their literals alone, which only finds the lines to look at. grep has no lookaround and no lazy repetition;
patterns with these are left out of its list, so that it has less to do. Seconds are processor time of all processes.
"""
from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from azext_mltrouble.diagnosis import knowledge as knowledge_module
from azext_mltrouble.diagnosis.knowledge import KNOWLEDGE_FILE, Knowledge
from azext_mltrouble.diagnosis.matching import read
from azext_mltrouble.diagnosis.scan import blocks
from azext_mltrouble.evidence.model import Log
from benchmarks.diagnosis_logs import NOISE, healthy_build, noisy

ROOT = Path(__file__).parent.parent
_GIGABYTE = 10**9
_NOISE_BYTES = 2 * 10**6
#: With so many patterns grep needs minutes for a megabyte, and seconds before it starts, which are not counted.
_GREP_BYTES = 20 * 10**3
_NO_GREP = re.compile(r"\(\?[!=]|\(\?<|\*\?|\+\?|\}\?|\?\?|\\Z|\[[^\]]*\\[SWD\]]")
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:[^\]\\]|\\.)*\]")

#: The kernel's own account of the process: ru_maxrss would count the parent that it was forked from.
_PEAK = """
import re, sys
from pathlib import Path
from azext_mltrouble.diagnosis import knowledge
from azext_mltrouble.diagnosis.matching import read
from azext_mltrouble.evidence.model import Log
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
start = peak()
known = knowledge.load()
loaded = peak()
read(Log.of_file("log", "build_log", Path(sys.argv[1])), known)
print(f"{peak() - start:.0f} MB of memory above the start, {loaded - start:.0f} of them for the knowledge")
"""


def main(megabytes: int) -> None:
    """Print the table; the log of 1 GB is as long as it is said to be whatever ``megabytes`` is."""
    started = time.process_time()
    known = knowledge_module.load()
    loading = time.process_time() - started
    with tempfile.TemporaryDirectory() as name:
        log = write(Path(name) / "healthy.log", megabytes * 10**6)
        print(f"knowledge: {len(known.entries)} entries, {len(patterns_of(known))} patterns, "
              f"loaded in {loading * 1000:.0f} ms\n")
        print_throughput(log, known, Path(name))
        print_noise(known)
        print_curves(log, Path(name))
        print_peak(log, Path(name))


def print_throughput(log: Path, known: Knowledge, folder: Path) -> None:
    scan = rate(log, lambda: scan_of(log))
    full = rate(log, lambda: read(Log.of_file("log", "build_log", log), known))
    part, nothing = copy(log, folder / "part.log", _GREP_BYTES), copy(log, folder / "empty.log", 0)
    usable = [pattern for pattern in patterns_of(known) if not _NO_GREP.search(pattern)]
    wordings = list_of(folder / "patterns", [greppable(pattern) for pattern in usable])
    compiling = seconds(lambda: grep_count(wordings, nothing))
    grep = _GREP_BYTES / 1e6 / max(0.001, seconds(lambda: grep_count(wordings, part)) - compiling)
    owners = (*known.entries, *known.signals)
    literals = list_of(folder / "literals", [escaped(one.literal) for owner in owners for one in owner.patterns])
    literally = rate(log, lambda: grep_count(literals, log))
    print("| a healthy build log | MB/s | diagnosis is so many times as fast |\n|---|---|---|")
    print(f"| diagnosis | {full:.0f} | 1 |")
    print(f"| of that the search for stems | {scan:.0f} | {full / scan:.2f} |")
    print(f"| `grep -E -c -i`, {len(usable)} of the patterns | {grep:.3f} | {full / grep:.0f} |")
    print(f"| `grep -E -c -i`, their literals | {literally:.0f} | {full / literally:.2f} |\n")


def print_noise(known: Knowledge) -> None:
    print("| lines that nearly all look bad | MB/s |\n|---|---|")
    for name, line in NOISE.items():
        data = noisy(_NOISE_BYTES, line)
        started = time.process_time()
        read(Log("log", "container_log", lambda held=data: io.BytesIO(held)), known)  # type: ignore[misc]
        print(f"| {name} | {len(data) / 1e6 / (time.process_time() - started):.1f} |")
    print()


def print_curves(log: Path, folder: Path) -> None:
    print("| MB of log | seconds | MB/s |\n|---|---|---|")
    for part in (8, 4, 2, 1):
        some = copy(log, folder / "curve.log", log.stat().st_size // part)
        took = seconds(lambda some=some: read(Log.of_file("log", "build_log", some), knowledge_module.load()))  # type: ignore[misc]
        print(f"| {some.stat().st_size / 1e6:.0f} | {took:.2f} | {some.stat().st_size / 1e6 / took:.0f} |")
    print("\n| entries | seconds for 2 MB of different errors |\n|---|---|")
    data = noisy(_NOISE_BYTES, NOISE["errors of other words each"])
    for part in (8, 4, 2, 1):
        some = part_of(part)
        took = seconds(lambda some=some: read(Log("log", None, lambda: io.BytesIO(data)), some))  # type: ignore[misc]
        print(f"| {len(some.entries)} | {took:.2f} |")
    print()


def print_peak(log: Path, folder: Path) -> None:
    gigabyte = folder / "gigabyte.log"
    with open(gigabyte, "wb") as target:
        while target.tell() < _GIGABYTE:
            with open(log, "rb") as source:
                shutil.copyfileobj(source, target, 1 << 20)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(gigabyte)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    print(f"1 GB: {done.stdout.strip()}; {time.perf_counter() - started:.0f} s")


def write(path: Path, size: int) -> Path:
    with open(path, "wb") as log:
        log.writelines(healthy_build(size))
    return path


def copy(log: Path, to: Path, size: int) -> Path:
    """The first ``size`` bytes of a log."""
    with open(log, "rb") as source, open(to, "wb") as target:
        while size > 0:
            size -= target.write(source.read(min(size, 1 << 20)))
    return to


def list_of(path: Path, wordings: list[str]) -> Path:
    path.write_text("\n".join(dict.fromkeys(wordings)) + "\n", encoding="utf-8")
    return path


def part_of(number: int) -> Knowledge:
    """The knowledge with every ``number``-th entry, and all signals."""
    data = json.loads(KNOWLEDGE_FILE.read_text(encoding="utf-8"))
    return Knowledge.of({"entries": data["entries"][::number], "signals": data["signals"]})


def patterns_of(known: Knowledge) -> list[str]:
    return [pattern.regex for owner in (*known.entries, *known.signals) for pattern in owner.patterns]


def greppable(regex: str) -> str:
    """The same in grep's words: groups without names, classes of characters by their POSIX names."""
    plain = re.sub(r"\(\?P<\w+>|\(\?i?:", "(", regex.replace("(?i)", "").replace("\n", ""))
    return _TOKEN.sub(_posix, plain)


def escaped(literal: str) -> str:
    return re.sub(r"([][\\.*^$+?(){}|])", r"\\\1", literal)


def _posix(token: re.Match[str]) -> str:
    words = token[0]
    if words == r"\d":
        return "[0-9]"
    if words.startswith("["):
        return words.replace(r"\w", "[:alnum:]_").replace(r"\s", "[:space:]").replace(r"\d", "0-9").replace("\\", "")
    return words


def grep_count(wordings: Path, log: Path) -> None:
    done = subprocess.run(
        ["grep", "-E", "-c", "-i", "-f", str(wordings), str(log)],
        env={**os.environ, "LC_ALL": "C"}, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode > 1:
        raise SystemExit(done.stderr)


def scan_of(log: Path) -> None:
    with open(log, "rb") as stream:
        for _ in blocks(stream):
            pass


def rate(log: Path, work: Callable[[], object]) -> float:
    """MB/s; once through first, which fills the caches of files."""
    with open(log, "rb") as source:
        while source.read(1 << 20):
            pass
    return log.stat().st_size / 1e6 / seconds(work)


def seconds(work: Callable[[], object]) -> float:
    """Seconds of processor time, of this process and those it starts: the machine may have other work."""
    started = os.times()
    work()
    ended = os.times()
    return sum(ended[:4]) - sum(started[:4])


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
