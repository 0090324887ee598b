"""WebVTT: labels as captions, for any player in a browser (https://www.w3.org/TR/webvtt1/).

A cue a clip: ``00:00:01.000 --> 00:00:02.500`` and the label, spoken by the person if there is
one (``<v P1>drink water``).
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from harstudio.files import write_atomically
from harstudio.labels.interchange.activitynet import lasting
from harstudio.labels.interchange.base import Bundle, Labelled, Reading, damaged, read_text
from harstudio.labels.interchange.losses import losses, rounded
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import MS_NS, ms_of, span_of
from harstudio.labels.model import Clip, Origin

NAME = "webvtt"
TITLE = "WebVTT"
EXTENSIONS: tuple[str, ...] = (".vtt",)
UNIT = "1 ms"
ONE_FILE: Literal["recording", "set"] = "recording"

TIMES = re.compile(r"^\s*([\d:.]+)\s*-->\s*([\d:.]+)(\s.*)?$")
TIME = re.compile(r"(?:(\d{2,9}):)?([0-5]\d):([0-5]\d\.\d{3})")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
TAG = re.compile(r"<[^>]*>")
NO_CUES = ("NOTE", "STYLE", "REGION")


def recognises(path: Path, head: bytes) -> bool:
    """The first line is WEBVTT."""
    return re.match(rb"(\xef\xbb\xbf)?WEBVTT[ \t\r\n]", head + b"\n") is not None


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """The clips of one recording in order of time."""
    labelled = bundle.recordings[0]
    clips = [clip for document in labelled.documents for clip in lasting(document)]
    clips.sort(key=lambda clip: (clip.start_ns, clip.end_ns))
    cues = ["WEBVTT\n"]
    for number, clip in enumerate(clips, 1):
        start = ms_of(max(clip.start_ns, 0))
        stop = max(ms_of(clip.end_ns), start + 1)
        cues.append(f"{number}\n{_time(start)} --> {_time(stop)}\n{_text(clip)}\n")
    write_atomically(path, "\n".join(cues).encode("utf-8", "replace"))
    return losses(bundle, TITLE, "person") + rounded(bundle, TITLE, MS_NS, "milliseconds")


def read(path: Path, reading: Reading) -> Bundle:
    """Every cue as a clip; styles and places on the screen are not read."""
    text = read_text(path).replace("\r\n", "\n").replace("\r", "\n")
    if not text.startswith("WEBVTT"):
        raise damaged(path, "its first line is not WEBVTT", TITLE)
    rows = Rows(reading.recording or path.stem)
    rows.add(reading.annotator, reading.annotator)
    try:
        for clip in _cues(text, reading):
            rows.add(reading.annotator, reading.annotator, clip)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    return Bundle((Labelled(rows.recording, rows.documents()),))


def _cues(text: str, reading: Reading) -> Iterator[Clip]:
    for block in re.split(r"\n{2,}", text.partition("\n")[2]):
        lines = block.strip("\n").split("\n")
        at = next((k for k, line in enumerate(lines[:2]) if "-->" in line), None)
        if at is None or lines[0].startswith(NO_CUES):
            continue
        match = TIMES.match(lines[at])
        if match is None:
            raise ValueError(f"“{lines[at].strip()}” is no time of a cue")
        times = span_of(_seconds(match[1]), _seconds(match[2]))
        said = " ".join(line.strip() for line in lines[at + 1 :] if line.strip())
        voice = VOICE.search(said)
        person = html.unescape(voice[1]).strip() if voice else ""
        label = reading.named(html.unescape(TAG.sub("", said))) or "unlabelled"
        yield Clip(*times, label, person=person, origin=Origin.IMPORTED)


def _seconds(text: str) -> str:
    """Seconds as a decimal number; ValueError when it is no time of WebVTT."""
    match = TIME.fullmatch(text)
    if match is None:
        raise ValueError(f"“{text}” is no time like 00:01:02.500")
    whole, _, part = match[3].partition(".")
    return f"{int(match[1] or 0) * 3600 + int(match[2]) * 60 + int(whole)}.{part}"


def _time(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{ms:03}"


def _text(clip: Clip) -> str:
    voice = f"<v {_escaped(clip.person)}>" if clip.person else ""
    return voice + _escaped(clip.label)


def _escaped(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=False)
