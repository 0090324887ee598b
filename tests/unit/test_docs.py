"""The documents are true: their code runs, their links lead somewhere, their commands exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from harstudio.cli import app, main
from harstudio.networks import list_networks, network_card
from harstudio.networks.sizes import size_of

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


def headings(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    found = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in found}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text("utf-8")):
        if "://" in target:
            continue
        path, _, heading = target.partition("#")
        led_to = page.parent / path if path else page
        assert led_to.exists(), target
        assert not heading or heading in headings(led_to), target


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


def commands(group: Any, before: str = "harstudio") -> Iterator[str]:
    """Every command that help tells of, with the groups that it lies in."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before} {name}")
        elif not command.hidden:
            yield f"{before} {name}"


def test_every_command_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text("utf-8")
    assert [one for one in commands(get_command(app)) if f"{one} " not in text] == []


def test_every_guide_and_reference_is_on_the_first_page() -> None:
    first = ROOT / "docs" / "index.md"
    led_to = {
        (first.parent / target).resolve() for target in LINK.findall(first.read_text("utf-8"))
    }
    pages = {page for room in ("guide", "reference") for page in (first.parent / room).glob("*.md")}
    assert pages - led_to == set()


# ---- networks

NETWORKS = ROOT / "docs" / "reference" / "networks.md"
NAMED = re.compile(r"\[`([^`]+)`\]\((networks/[^)]+\.md)\)")
CODE = re.compile(r"`([^`]+)`")


def rows(page: Path) -> list[list[str]]:
    """The cells of every row of every table of a page."""
    lines = page.read_text("utf-8").splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]


def networks_told() -> dict[str, tuple[Path, list[str]]]:
    """By name of a network its page and the cells of its row."""
    told = {}
    for cells in rows(NETWORKS):
        if named := NAMED.fullmatch(cells[0]):
            assert named[1] not in told, named[1]
            told[named[1]] = (NETWORKS.parent / named[2], cells)
    return told


def test_every_network_has_a_row_and_a_page() -> None:
    assert sorted(networks_told()) == sorted(list_networks())
    pages = {page for page, _ in networks_told().values()}
    assert pages == set((NETWORKS.parent / "networks").glob("*.md"))


@pytest.mark.parametrize("network", list_networks())
def test_sizes_are_the_measured_ones(network: str) -> None:
    size = size_of(network)
    products = f" + {size.products / 1e9:.2f}" if size.products else ""
    _, cells = networks_told()[network]
    assert cells[2] == f"{size.parameters / 1e6:.2f} M"
    assert cells[3] == f"{size.multiply_adds / 1e9:.2f}{products} G"


def written(value: object) -> str:
    """A value of an option as the tables have it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"`{value}`" if isinstance(value, str) else str(value)


@pytest.mark.parametrize("network", list_networks())
def test_every_option_is_told_with_its_values(network: str) -> None:
    """By a row of the page that has all of them, the default first."""
    page, _ = networks_told()[network]
    on_off = (True, False)
    values: dict[str, list[str]] = {}
    for cells in rows(page):
        if len(cells) == 3:
            values.setdefault(cells[0], []).append(cells[1])
    for key, option in network_card(network).options.items():
        all_values = option.choices or (on_off if isinstance(option.default, bool) else ())
        others = [choice for choice in all_values if choice != option.default]
        wanted = ", ".join(written(value) for value in (option.default, *others))
        assert wanted in values.get(f"`{key}`", []), (key, wanted)


def test_streams_are_told() -> None:
    """By the row that names a network; one with a single stream needs none."""
    told = {
        network: CODE.findall(cells[1])
        for cells in rows(NETWORKS)
        if len(cells) == 3
        for network in CODE.findall(cells[0])
    }
    for network in list_networks():
        streams = list(network_card(network).streams)
        if len(streams) > 1:
            assert sorted(told[network]) == sorted(streams), network


@pytest.mark.parametrize("network", list_networks())
def test_every_explanation_is_told(network: str) -> None:
    page, _ = networks_told()[network]
    cells = (row[0] for row in rows(page) if len(row) == 2)
    # Of what is told by layer the page names the layers after the first.
    told = {name.partition(", layer")[0] for cell in cells for name in CODE.findall(cell)}
    assert {name.partition(", layer")[0] for name in network_card(network).explains} <= told


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
