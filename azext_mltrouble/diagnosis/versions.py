"""Which version of a package the image has, from its build log, and which one a pickle asks for."""
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from azext_mltrouble.diagnosis.kinds import ALL
from azext_mltrouble.diagnosis.matches import LogReading
from azext_mltrouble.diagnosis.report import EvidenceLine
from azext_mltrouble.diagnosis.root import Candidate

#: The signal of pip's last line; each of its groups is called after what the package is imported as.
_INSTALLED = "package_installed"
#: The group in which a pattern names the module that the pickle asks for.
_MODULE = "what"
_DISTRIBUTIONS = {"sklearn": "scikit-learn"}
#: Templates that name versions use these.
SLOTS = ("image_has", "written_with")

#: Modules that only certain versions have, from the packages' own release notes; the first that fits counts.
_ONLY_IN = (
    (re.compile(r"sklearn\.externals\b"), "scikit-learn older than 0.23"),
    (re.compile(r"sklearn\.preprocessing\.imputation\b"), "scikit-learn older than 0.22"),
    (re.compile(r"sklearn(?:\.\w+)*\._\w+"), "scikit-learn 0.22 or newer"),
    (re.compile(r"sklearn\.(?:linear_model|tree|ensemble|neighbors|svm|decomposition)\.[a-z]\w*"),
     "scikit-learn older than 0.24"),
    (re.compile(r"numpy\._core\b"), "numpy 2.0 or newer"),
    (re.compile(r"pandas\.core\.indexes\.numeric\b"), "pandas older than 2.0"),
)  # fmt: skip


def with_versions(candidate: Candidate, readings: Iterable[LogReading]) -> Candidate:
    """The candidate with both versions as values, and the line of the build log that tells the image's as evidence."""
    module = candidate.values.get(_MODULE, "")
    if not any("{" + slot in candidate.entry.summary for slot in SLOTS) or not module:
        return candidate
    values = dict(candidate.values)
    written_with = next((version for name, version in _ONLY_IN if name.match(module)), None)
    if written_with:
        values["written_with"] = f", written with {written_with}"
    package = module.split(".")[0]
    for reading in readings:
        for match in reading.of_signals(ALL).get(_INSTALLED, ()):
            if package in match.values:
                values["image_has"] = f"; the image has {_DISTRIBUTIONS.get(package, package)} {match.values[package]}"
                proof = EvidenceLine(reading.log.source, match.line, match.text)
                return replace(candidate, values=values, evidence=(*candidate.evidence, proof))
    return replace(candidate, values=values)
