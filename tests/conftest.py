"""What every test stands on: real data if it is there, settings of its own, no network."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HARSTUDIO_DATA") or ROOT.parent / "shared" / "data")

# A test process on a machine without a display must never abort in Qt's platform plugin.
if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Folder of the real recordings: $HARSTUDIO_DATA, else ../shared/data beside the root."""
    if not DATA.is_dir():
        pytest.skip(f"no real recordings: {DATA} is not there; set HARSTUDIO_DATA to their folder")
    return DATA


@pytest.fixture(scope="session")
def utd_mhad(data_dir: Path) -> Path:
    """Folder of the real UTD-MHAD trials."""
    folder = data_dir / "utd-mhad"
    if not folder.is_dir():
        pytest.skip(f"UTD-MHAD is not in {data_dir}")
    return folder


@pytest.fixture(scope="session")
def pose_models() -> Path:
    """Folder of the pose models: $HARSTUDIO_POSE, else build/pose; fetched where not there yet."""
    folder = Path(os.environ.setdefault("HARSTUDIO_POSE", str(ROOT / "build" / "pose")))
    command = [sys.executable, "-m", "harstudio", "pose", "install"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"the pose models could not be fetched into {folder}: {done.stderr}")
    return folder


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, caches and private projects of this test only."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HARSTUDIO_HOME", str(folder))
    monkeypatch.setenv("HARSTUDIO_WARM", "0")  # no worker that nobody asked for
    return folder


@pytest.fixture(autouse=True, scope="session")
def no_network() -> Iterator[None]:
    """Connections that would leave the machine fail."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        inside = not isinstance(address, tuple) or address[0] in ("127.0.0.1", "::1", "localhost")
        if not inside:
            raise OSError(f"tests have no network, but something asked for {address}")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", refuse)
    yield
    patch.undo()
