"""Both looks can be read, and every icon is drawn."""

from __future__ import annotations

import re

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from harstudio.resources import resource
from harstudio.studio import icons, theme
from harstudio.studio.theme import DARK, LIGHT, Tokens, contrast

READABLE = 4.5
ICONS = sorted(file.stem for file in resource("icons").glob("*.svg"))


@pytest.fixture
def dark_again(qapp: QApplication):
    yield
    theme.apply(qapp, "dark")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ground", ["canvas", "surface", "raised"])
@pytest.mark.parametrize("ink", ["text", "quiet"])
def test_text_can_be_read(tokens: Tokens, ground: str, ink: str) -> None:
    assert contrast(getattr(tokens, ink), getattr(tokens, ground)) >= READABLE


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("ink", ["accent", "good", "warn", "bad"])
def test_coloured_words_can_be_read_on_the_surface(tokens: Tokens, ink: str) -> None:
    assert contrast(getattr(tokens, ink), tokens.surface) >= READABLE


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_words_on_the_accent_can_be_read(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent) >= READABLE


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("level", ["warn", "bad"])
def test_a_trouble_can_be_read(tokens: Tokens, level: str) -> None:
    ground = theme.mixed(tokens.surface, getattr(tokens, level), 0.12)
    assert contrast(tokens.text, ground) >= READABLE
    assert contrast(tokens.quiet, ground) >= READABLE


@pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])
def test_the_stylesheet_knows_every_colour_it_names(tokens: Tokens) -> None:
    assert not re.findall(r"@\w+", theme.stylesheet(tokens))


def test_applying_changes_palette_and_tells(qapp: QApplication, qtbot, dark_again: None) -> None:
    theme.apply(qapp, "dark")
    with qtbot.waitSignal(theme.theme_events.changed):
        theme.apply(qapp, "light")
    assert theme.current() is LIGHT
    assert qapp.palette().windowText().color() == QColor(LIGHT.text)


def test_an_unknown_theme_is_refused(qapp: QApplication) -> None:
    with pytest.raises(ValueError, match="pink"):
        theme.apply(qapp, "pink")


@pytest.mark.parametrize("name", ICONS)
def test_icons_take_the_colour_they_are_given(qapp: QApplication, name: str) -> None:
    image = icons.pixmap(name, 40, "#12AB34").toImage()
    inks = {
        image.pixelColor(x, y).name().upper()
        for x in range(40)
        for y in range(40)
        if image.pixelColor(x, y).alpha() == 255
    }
    assert inks == {"#12AB34"}


def test_an_icon_that_is_not_drawn_is_an_error(qapp: QApplication) -> None:
    with pytest.raises(KeyError):
        icons.icon("no-such-icon")
