"""mltrouble: a doctor for Azure Machine Learning deployments, as the Azure CLI extension ``az ml trouble``.

az reads ``COMMAND_LOADER_CLS`` from this module on every ``az ml ...`` call, also on those of other extensions. Without
az the package can be imported too: the batch diagnosis needs nothing but Python.
"""
from __future__ import annotations

from typing import Any

__version__ = "1.0.0b1"


def __getattr__(name: str) -> Any:
    """az's loader class, imported when az asks for it (PEP 562). Raises AttributeError for any other name."""
    if name == "COMMAND_LOADER_CLS":
        from azext_mltrouble._loader import TroubleCommandsLoader

        return TroubleCommandsLoader
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
