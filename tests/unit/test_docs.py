"""The documents are true: their code runs, their links lead somewhere, their commands exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from harstudio.cli import main

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "resources").rglob("*.md")]
)
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.toml)\n")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHOWS_ONLY = {"README.md"}  # its examples are on recordings of the reader


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in BLOCK.findall(page.read_text("utf-8")) if name == language]


def pages_with(language: str) -> list[Path]:
    return [page for page in PAGES if page.name not in SHOWS_ONLY and blocks(page, language)]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" not in target:
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", pages_with("python"), ids=name)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page are one program."""
    monkeypatch.chdir(tmp_path)
    program = compile("\n".join(blocks(page, "python")), name(page), "exec")
    exec(program, {"__name__": "docs"})  # noqa: S102


@pytest.mark.parametrize("page", pages_with("console"), ids=name)
def test_console_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ``$ harstudio ...`` of a page, one after the other in one folder, ends well.

    A TOML block whose first line is a file's name is that file.
    """
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "toml"):
        if named := FILE.match(block):
            (tmp_path / named[1]).write_text(block, "utf-8")
    for block in blocks(page, "console"):
        for line in block.splitlines():
            if line.startswith("$ "):
                program, *arguments = shlex.split(line[2:], comments=True)
                assert program == "harstudio"
                with pytest.raises(SystemExit) as ended:
                    main(arguments)
                assert ended.value.code == 0, line


def test_every_command_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    for command in (
        "open",
        "demo",
        "info",
        "scan",
        "sample",
        "convert",
        "predict",
        "train",
        "evaluate",
        "models",
        "diagnose",
    ):
        assert f"harstudio {command}" in text


def test_the_readme_names_both_commands_first() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8")[:700]
    assert "python3 packaging/bootstrap.py demo" in first_screen
    assert "python3 packaging/bootstrap.py test" in first_screen


def test_every_decision_has_its_parts() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [page.name[:4] for page in decisions] == [f"{k + 1:04d}" for k in range(len(decisions))]
    for page in decisions:
        text = page.read_text("utf-8")
        for part in ("**Context.**", "**Decision.**", "**Rejected", "**Consequences.**"):
            assert part in text, (page.name, part)
