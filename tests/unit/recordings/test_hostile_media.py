"""Damaged videos and recordings: one sentence or what is readable; never a crash or a hang."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import codec_matrix
import harrec_files
import media_fuzz
from codec_matrix import Sample

SMALL = {"frames": 30, "width": 96, "height": 32}
X264 = {"preset": "veryfast", "sc_threshold": "0"}
SOURCES = {
    "avi": Sample("a.avi", "libx264", options=X264, b_frames=2, sound="libmp3lame", **SMALL),
    "mpeg4": Sample("b.avi", "mpeg4", b_frames=2, sound="pcm_s16le", **SMALL),
    "mjpeg": Sample("c.avi", "mjpeg", pix_fmt="yuvj420p", **SMALL),
    "mp4": Sample("d.mp4", "libx264", options=X264, b_frames=2, sound="aac", **SMALL),
    "mkv": Sample("e.mkv", "libx264", options=X264, b_frames=2, sound="flac", **SMALL),
    "ffv1": Sample("f.mkv", "ffv1", pix_fmt="gray16le", gop=1, **SMALL),
    "webm": Sample("g.webm", "libvpx-vp9", options={"deadline": "realtime"}, **SMALL),
}
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")


def fuzz(name: str, folder: Path, first: int, last: int) -> None:
    if name == "harrec":
        source = harrec_files.write_recording(folder / "source" / "é.harrec", frames=15)
    else:
        (folder / "source").mkdir()
        source = codec_matrix.write(SOURCES[name], folder / "source")
    (folder / "copies").mkdir()
    command = [sys.executable, media_fuzz.__file__, str(source), str(folder / "copies")]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    done = subprocess.run(
        [*command, str(first), str(last)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=1500,
        check=False,
    )
    said = done.stdout.split("\n")
    assert done.returncode == 0, f"{name}: {said[-3:]} {done.returncode}\n{done.stderr[-3000:]}"
    readable = int(said[-2].removeprefix("readable "))
    assert readable > (last - first) // 2, "hardly anything was readable: mutations are too wild"


@pytest.mark.parametrize("name", [*SOURCES, "harrec"])
def test_forty_damaged_files(name: str, tmp_path: Path) -> None:
    fuzz(name, tmp_path, 0, 40)


@pytest.mark.slow
@pytest.mark.timeout(1600)
@pytest.mark.parametrize("name", [*SOURCES, "harrec"])
def test_two_thousand_damaged_files(name: str, tmp_path: Path) -> None:
    fuzz(name, tmp_path, 40, 2040)
