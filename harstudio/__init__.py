"""HARStudio: recordings on one clock, labels on them, networks that learn from both."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from harstudio.immortal import immortalise

if TYPE_CHECKING:
    from harstudio.recordings.formats import open_recording as open  # noqa: A004
    from harstudio.recordings.recording import Recording
    from harstudio.recordings.streams import Body, Frame, SkeletonFrame, Stream, StreamKind

immortalise()
# Read when OpenCV is imported: what it finds wrong is told by our sentences, which name the file.
os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
__version__ = "0.1.0"
__all__ = ["Body", "Frame", "Recording", "SkeletonFrame", "Stream", "StreamKind", "open"]

_LAZY = {
    "open": ("harstudio.recordings.formats", "open_recording"),
    "Recording": ("harstudio.recordings.recording", "Recording"),
    "Stream": ("harstudio.recordings.streams", "Stream"),
    "StreamKind": ("harstudio.recordings.streams", "StreamKind"),
    "Frame": ("harstudio.recordings.streams", "Frame"),
    "Body": ("harstudio.recordings.streams", "Body"),
    "SkeletonFrame": ("harstudio.recordings.streams", "SkeletonFrame"),
}


def __getattr__(name: str) -> Any:
    """Load the public names when first asked for, so that start-up stays light."""
    if name not in _LAZY:
        raise AttributeError(f"module 'harstudio' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    return getattr(import_module(module), attribute)
