"""Logs to measure the diagnosis with, made up line by line from a seed: the same bytes on every machine."""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator

_PACKAGES = [
    "numpy", "pandas", "scikit-learn", "notebook", "exceptiongroup", "annotated-types", "azureml-core", "flask",
    "gunicorn", "applicationinsights", "unidecode", "jsonpickle", *(f"lib{number}-tools" for number in range(150)),
]  # fmt: skip


def healthy_build(size: int) -> Iterator[bytes]:
    """At least ``size`` bytes of an image build in which conda, pip and apt succeed, with the notices they print."""
    chance = random.Random(4)
    step = made = 0
    while made < size:
        step += 1
        text = "\n".join(_layer(chance, step)).encode() + b"\n"
        made += len(text)
        yield text


def _layer(chance: random.Random, step: int) -> Iterator[str]:
    yield f"2023-11-04T10:{step % 60:02d}:11.1234567Z Step {step % 15 + 1}/15 : RUN conda env create -f conda.yml"
    yield f" ---> Running in {chance.getrandbits(48):x}"
    yield "Collecting package metadata (repodata.json): ...working... done"
    yield "Solving environment: ...working... done"
    for package in chance.sample(_PACKAGES, 60):
        version = _version(chance)
        yield f"{package}-{version}".ljust(22) + f"| {chance.randint(1, 900)} KB    | {'#' * 10} | 100% "
        yield f"Collecting {package}=={version}"
        yield f"  Downloading {package}-{version}-cp38-cp38-manylinux_2_17_x86_64.whl ({chance.randint(1, 99)}.1 MB)"
        yield f"     ━━━━━━━━━━━━━━━━━━━━━━ {chance.randint(1, 99)}.1/99.2 MB 71.9 MB/s eta 0:00:00"
        yield f"Requirement already satisfied: {package} in /azureml-envs/lib/python3.8/site-packages ({version})"
        yield f"Get:{step} http://archive.example/ubuntu focal/main amd64 lib{package} amd64 {version} [77 kB]"
        if chance.random() < 0.05:
            yield "debconf: delaying package configuration, since apt-utils is not installed"
    yield "Successfully installed " + " ".join(f"{one}-{_version(chance)}" for one in chance.sample(_PACKAGES, 50))
    yield "WARNING: Running pip as the 'root' user can result in broken permissions and conflicting behaviour"
    yield f" ---> {chance.getrandbits(48):x}"


def _version(chance: random.Random) -> str:
    return f"{chance.randint(0, 9)}.{chance.randint(0, 30)}.{chance.randint(0, 9)}"


def noisy(size: int, line: Callable[[random.Random], str]) -> bytes:
    """``size`` bytes of lines that look bad."""
    chance = random.Random(4)
    lines, made = [], 0
    while made < size:
        lines.append(line(chance).encode() + b"\n")
        made += len(lines[-1])
    return b"".join(lines)


def _word(chance: random.Random) -> str:
    return "".join(chance.choice("abcdefghij") for _ in range(6))


#: Lines that are nearly all hits, each kind hard in another way.
NOISE: dict[str, Callable[[random.Random], str]] = {
    "access log": lambda chance: (
        f'10.0.0.{chance.randint(1, 254)} "POST /score HTTP/1.0" 200 {chance.randint(1, 9999)}'
    ),
    "the same error, other numbers": lambda chance: (
        f"10:00:{chance.randint(10, 59)} WARN retry {chance.randint(0, 9)} after error from upstream 1234"
    ),
    "the same 'not found', other numbers": lambda chance: (
        f"10:00:{chance.randint(10, 59)} item {chance.randint(1000, 9999)} not found in the cache, asking again"
    ),
    "errors of other words each": lambda chance: (
        f"{_word(chance)} {_word(chance)} error not found failed {_word(chance)}"
    ),
    "tracebacks": lambda chance: (
        f'Traceback (most recent call last):\n  File "a.py", line {chance.randint(1, 99)}, in init\nKeyError: 1'
    ),
}
