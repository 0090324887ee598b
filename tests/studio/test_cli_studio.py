"""The commands that open the window hand over what was asked for and end with its status."""

from __future__ import annotations

from pathlib import Path

import pytest

from harstudio import cli


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[Path], bool]]:
    calls: list[tuple[list[Path], bool]] = []

    def run_studio(paths: list[Path] = (), demo: bool = False) -> int:
        calls.append((list(paths), demo))
        return 3

    monkeypatch.setattr("harstudio.studio.app.run_studio", run_studio)
    return calls


@pytest.mark.parametrize(("arguments", "expected"), [([], ([], False)), (["demo"], ([], True))])
def test_without_paths(arguments, expected, started) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 3
    assert started == [expected]


def test_open_makes_paths_absolute(tmp_path, monkeypatch, started) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b.mp4").touch()
    with pytest.raises(SystemExit):
        cli.main(["open", "a", "b.mp4"])
    assert started == [([tmp_path / "a", tmp_path / "b.mp4"], False)]


@pytest.mark.parametrize("with_path", [False, True])
def test_the_menu_entry_opens_files_it_is_given(tmp_path, monkeypatch, started, with_path) -> None:
    monkeypatch.setattr("sys.argv", ["harstudio-studio", *([str(tmp_path)] if with_path else [])])
    with pytest.raises(SystemExit):
        cli.studio()
    assert started == [([tmp_path] if with_path else [], False)]
