"""Where the package's own files lie: from source, from a wheel and in the frozen app."""

from __future__ import annotations

import sys
from pathlib import Path


def resource(*parts: str) -> Path:
    """Path of a bundled file or folder, e.g. ``resource("labels", "ntu60.toml")``."""
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen, "resources", *parts)
    inside = Path(__file__).with_name("_resources")
    root = inside if inside.is_dir() else Path(__file__).parent.parent / "resources"
    return root.joinpath(*parts)
