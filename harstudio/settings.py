"""Settings of the person at this computer: typed, in one TOML file that can be edited by hand."""

from __future__ import annotations

import getpass
import os
import tomllib
from pathlib import Path
from typing import Any, Literal

import platformdirs
import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harstudio.files import free_name, write_atomically

RECENT_LIMIT = 20


def _home(kind: str) -> Path | None:
    home = os.environ.get("HARSTUDIO_HOME")
    return Path(home, kind) if home else None


def config_dir() -> Path:
    """Folder of the settings; $HARSTUDIO_HOME/config where that is set."""
    return _home("config") or platformdirs.user_config_path("harstudio", appauthor=False)


def data_dir() -> Path:
    """Folder of the private projects; $HARSTUDIO_HOME/data where that is set."""
    return _home("data") or platformdirs.user_data_path("harstudio", appauthor=False)


def cache_dir() -> Path:
    """Folder of what can be made again; $HARSTUDIO_HOME/cache where that is set."""
    return _home("cache") or platformdirs.user_cache_path("harstudio", appauthor=False)


def _user_name() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container whose user has no name
        return "annotator"


class Settings(BaseModel):
    """What is remembered between sessions. Keys of a newer version are kept on saving."""

    model_config = ConfigDict(extra="allow", validate_assignment=True)

    annotator: str = Field(default_factory=_user_name, min_length=1)
    theme: Literal["dark", "light", "system"] = "dark"
    cache_bytes: int = Field(default=1 << 30, ge=64 << 20)
    recent: list[str] = []
    run_folders: list[str] = []  # runs and folders of runs that were opened by hand
    reduce_motion: bool = False
    volume: float = Field(default=1.0, ge=0, le=1)
    muted: bool = False
    keys: dict[str, list[str]] = {}  # by command: those that a person gave it, as Qt writes them
    jump_frames: int = Field(default=10, ge=2, le=10_000)  # of Shift+Left and Shift+Right
    jump_seconds: int = Field(default=1, ge=1, le=3600)  # of Shift+J and Shift+L
    hidden_tracks: list[str] = []  # of the timeline: "pictures", "sound", "motion"
    sure_proposals: float = Field(default=0.9, gt=0, le=1)  # those accepted at once
    azure_python: str = ""  # interpreter that has pyk4a and numpy<2, for Azure Kinect
    play_proposals: bool = True  # each is played again and again when one comes to it
    workspaces: dict[str, str] = {}  # by name: the window's arrangement, base64
    live_source: str = ""  # what was live last, and is started again by one key
    live_run: str = ""  # a run's folder, or the name of bundled weights
    live_labels: dict[str, list[str]] = {}  # by run: the few that are recognised; none: all
    live_pose: Literal["lite", "full", "heavy"] = "full"
    live_folder: str = ""  # where live recordings go
    live_keep_s: int = Field(default=30, ge=0, le=120)  # kept in memory
    live_explain: bool = True
    live_early: bool = False  # actions are named sooner, less surely
    live_sound: bool = False  # whether the microphone is recorded, too
    demo_recording: str = ""  # plays in demo mode while the sensor is away; none: the demo project
    watch_labels: list[str] = []  # classes that raise an alarm
    watch_windows: int = Field(default=3, ge=1, le=60)  # so many in a row must say so
    problems: tuple[str, ...] = Field(default=(), exclude=True)  # what was wrong with the file

    def remember(self, path: Path) -> None:
        """Put a path first among the recent ones."""
        text = str(path)
        self.recent = [text, *(other for other in self.recent if other != text)][:RECENT_LIMIT]


def settings_path() -> Path:
    """The settings file."""
    return config_dir() / "settings.toml"


def load_settings() -> Settings:
    """The settings, defaults where there is no file.

    A damaged file is moved aside, a wrong value replaced by its default (with a copy of the file
    kept); ``problems`` says so in sentences.
    """
    path = settings_path()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return Settings(problems=(f"{path}: The settings cannot be read ({error.strerror}).",))
    except ValueError as error:  # not TOML, not UTF-8
        aside = free_name(path, "damaged")
        path.replace(aside)
        sentence = f"{path}: The settings are damaged ({error}); they are kept as {aside.name}."
        return Settings(problems=(sentence,))
    data.pop("problems", None)
    return _validated(path, data)


def _validated(path: Path, data: dict[str, Any]) -> Settings:
    try:
        return Settings(**data)
    except ValidationError as error:
        wrong = sorted({str(one["loc"][0]) for one in error.errors()})
    aside = free_name(path, "damaged")
    aside.write_bytes(path.read_bytes())
    good = {key: value for key, value in data.items() if key not in wrong}
    sentence = (
        f"{path}: {', '.join(wrong)} had no usable value, so the default is used; "
        f"the file is kept as {aside.name}."
    )
    return Settings(**good, problems=(sentence,))


def save_settings(settings: Settings) -> None:
    """Write the settings, atomically; OSError when the disk refuses."""
    text = tomli_w.dumps(settings.model_dump(mode="json", exclude_none=True))
    write_atomically(settings_path(), text.encode())
