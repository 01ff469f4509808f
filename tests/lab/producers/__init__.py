"""One module per kind of software; importing it registers its cases."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Register every case."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
