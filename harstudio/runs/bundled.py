"""The weights in the box: run folders that come with the program, known by their names."""

from __future__ import annotations

from pathlib import Path

from harstudio.errors import MissingError
from harstudio.resources import resource
from harstudio.runs.config import nearest
from harstudio.runs.folder import is_run


def bundled_runs() -> dict[str, Path]:
    """Folders of the bundled weights by name, sorted."""
    folder = resource("weights")
    if not folder.is_dir():
        return {}
    return {one.name: one for one in sorted(folder.iterdir()) if is_run(one)}


def find_run(run: str | Path) -> Path:
    """The folder of a run, given by its path or by the name of bundled weights.

    A folder of that name goes before bundled weights. MissingError names the nearest.
    """
    path = Path(run).expanduser()
    if path.exists():
        return path.absolute()
    known = bundled_runs()
    if str(run) in known:
        return known[str(run)]
    raise MissingError(
        "There is no such run, and no weights of that name come with the program.",
        path=path,
        remedy=nearest(str(run), known),
    )
