"""Writing files that the user named: never over an existing one without being told to."""
from __future__ import annotations

from pathlib import Path


def make_sure_writable(path: Path, yes: bool) -> None:
    """Asks before an existing file is replaced, unless ``yes``; called before any work, so that a no costs nothing.

    Raises FileOperationError when the folder does not exist or the path is a folder, NoTTYError when there is nobody
    to ask, and ManualInterrupt when the answer is no.
    """
    from azure.cli.core.azclierror import FileOperationError

    if not path.parent.is_dir():
        raise FileOperationError(
            f"'{path}' cannot be written: the folder '{path.parent}' does not exist.",
            recommendation="Create the folder, or name a file in an existing one.",
        )
    if path.is_dir():
        raise FileOperationError(
            f"'{path}' cannot be written: it is a folder.", recommendation="Name a file in that folder."
        )
    if path.exists() and not yes:
        _ask_to_overwrite(path)


def _ask_to_overwrite(path: Path) -> None:
    from azure.cli.core.azclierror import ManualInterrupt, NoTTYError
    from knack.prompting import NoTTYException, prompt_y_n

    try:
        overwrite = prompt_y_n(f"'{path}' exists. Overwrite it?", default="n")
    except NoTTYException as error:
        raise NoTTYError(
            f"'{path}' exists, and there is no terminal to ask whether to overwrite it.",
            recommendation="Add --yes to overwrite it, or name another file.",
        ) from error
    if not overwrite:
        raise ManualInterrupt("Nothing was written.")
