"""Samples: which stretch of which recording shows which class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """``[start_ns, end_ns)`` of a recording with its class.

    path: what ``harstudio.open`` takes. label: index into the run's classes. person: body id, ""
    for whoever is seen. source: the document's annotator where a person labelled it, "" where the
    dataset's file name tells the action.
    """

    path: Path
    recording: str
    start_ns: int
    end_ns: int
    label: int
    subject: int | None = None
    view: int | None = None
    person: str = ""
    source: str = ""
