"""The registry of live sources: "webcam:0", "file:walk.mp4", "replay:a1_s1_t1_depth.mat", ...

Importing this loads no driver. A kind with a dot in it is a module of your own, anywhere on
Python's path: "my_lab.camera:0".
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from harstudio.errors import MissingError, UsageError

if TYPE_CHECKING:
    from harstudio.live.sources.source import CaptureSettings, Source, SourceFacts

SOURCES = {
    "webcam": "harstudio.live.sources.webcam",
    "kinect1": "harstudio.live.sources.sensors.kinect1",
    "kinect2": "harstudio.live.sources.sensors.kinect2",
    "azure": "harstudio.live.sources.sensors.azure",
    "realsense": "harstudio.live.sources.sensors.realsense",
    "orbbec": "harstudio.live.sources.sensors.orbbec",
    "file": "harstudio.live.sources.file",
    "replay": "harstudio.live.sources.replay",
}


class SourceModule(Protocol):
    """What a module of the registry has."""

    def find(self) -> list[SourceFacts]: ...

    def open_source(self, address: str, settings: CaptureSettings) -> Source: ...


def split_name(name: str) -> tuple[str, str]:
    """("webcam", "0") of "webcam:0" or of "webcam". UsageError: there is no such kind."""
    kind, _, address = name.partition(":")
    own = "." in kind and all(part.isidentifier() for part in kind.split("."))
    if kind not in SOURCES and (not own or not address):
        remedy = f"Name one as kind:address; kinds are {', '.join(SOURCES)}."
        if name and Path(name).exists():
            remedy = f"Write replay:{name} for all streams of it, file:{name} for a video."
        raise UsageError(f'"{name}" is no live source.', remedy=remedy)
    return kind, address


def load(kind: str) -> SourceModule:
    """The module of a kind. MissingError: a module of your own that is not there."""
    name = SOURCES.get(kind, kind)
    try:
        module = import_module(name)
    except ModuleNotFoundError as error:
        if kind in SOURCES or not name.startswith(error.name or name):
            raise
        raise MissingError(
            f"There is no Python module {name}.", remedy="Check its name and PYTHONPATH."
        ) from error
    return module


def open_source(name: str, settings: CaptureSettings) -> Source:
    """Open "kind:address"; the errors of ``source.py``, UsageError or MissingError."""
    kind, address = split_name(name)
    return load(kind).open_source(address, settings)


def public_address(address: str) -> str:
    """The address without a password in it; what is no address of the network as it is."""
    parts = urlsplit(address)
    if not parts.netloc:
        return address
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="").geturl()
