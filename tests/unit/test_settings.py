"""Settings: typed, kept whole, damaged ones reported and moved aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from harstudio.settings import (
    Settings,
    config_dir,
    data_dir,
    load_settings,
    save_settings,
    settings_path,
)


def write(text: str) -> Path:
    path = settings_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_folders_are_those_of_this_test(home: Path) -> None:
    assert config_dir() == home / "config"
    assert data_dir() == home / "data"


def test_without_the_variable_the_platform_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HARSTUDIO_HOME")
    assert config_dir().name == data_dir().name == "harstudio"


def test_defaults_without_a_file() -> None:
    settings = load_settings()
    assert settings.annotator
    assert settings.problems == ()
    assert not settings_path().exists()


def test_round_trip_keeps_unknown_keys() -> None:
    write('annotator = "älice"\nfrom_the_future = 3\n[table_of_tomorrow]\nx = [1, 2]\n')
    settings = load_settings()
    settings.theme = "light"
    settings.remember(Path("/a"))
    settings.remember(Path("/b"))
    settings.remember(Path("/a"))
    save_settings(settings)
    again = load_settings()
    assert again == settings
    assert (again.annotator, again.theme) == ("älice", "light")
    assert [Path(path) for path in again.recent] == [Path("/a"), Path("/b")]
    text = settings_path().read_text("utf-8")
    assert "from_the_future = 3" in text
    assert "[table_of_tomorrow]" in text
    assert [p.name for p in config_dir().iterdir()] == ["settings.toml"]


@pytest.mark.parametrize("data", [b"annotator = ", b"\xff\xfe", b"\x00" * 100])
def test_a_damaged_file_is_told_and_moved_aside(data: bytes) -> None:
    path = write("")
    path.write_bytes(data)
    settings = load_settings()
    assert settings.theme == Settings().theme
    assert str(path) in settings.problems[0]
    aside = path.with_name("settings.damaged-1.toml")
    assert aside.name in settings.problems[0]
    assert aside.read_bytes() == data
    save_settings(settings)
    assert load_settings().problems == ()


def test_a_wrong_value_costs_only_itself() -> None:
    text = 'annotator = "bob"\ntheme = "pink"\nvolume = 7\n'
    path = write(text)
    settings = load_settings()
    assert (settings.annotator, settings.theme, settings.volume) == ("bob", "dark", 1.0)
    assert "theme, volume had no usable value" in settings.problems[0]
    assert path.with_name("settings.damaged-1.toml").read_text() == text


def test_wrong_values_are_refused() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.theme = "pink"  # type: ignore[assignment]


def test_recent_is_limited() -> None:
    settings = Settings()
    for number in range(50):
        settings.remember(Path(str(number)))
    assert len(settings.recent) == 20
    assert settings.recent[0] == "49"
