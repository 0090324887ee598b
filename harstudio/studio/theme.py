"""The look: colours, fonts and distances, for dark and for light.

``apply`` sets Fusion, the colour scheme, the palette and one small stylesheet; widgets that paint
themselves read ``current()`` each time and repaint when ``theme_events.changed`` fires.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from harstudio.resources import resource

CORNER = 6
TEXT_PX, QUIET_PX, TIME_PX, EMPTY_PX = 13, 12, 11, 18


@dataclass(frozen=True, slots=True)
class Tokens:
    """Every colour of the window as "#RRGGBB"; person and skeleton colours stand on pictures."""

    name: str
    canvas: str
    surface: str
    raised: str
    line: str
    text: str
    quiet: str
    accent: str
    on_accent: str
    good: str
    warn: str
    bad: str
    skeleton_left: str = "#56B4E9"
    skeleton_right: str = "#E69F00"
    skeleton_trunk: str = "#F0F0F0"
    person_2: str = "#CC79A7"
    person_3: str = "#009E73"


DARK = Tokens(
    name="dark",
    canvas="#0E1116",
    surface="#161B22",
    raised="#1F2630",
    line="#2D3642",
    text="#E6EAF0",
    quiet="#98A3B3",
    accent="#3FB8AF",
    on_accent="#06201E",
    good="#5CB85C",
    warn="#E0A93B",
    bad="#E5605E",
)
LIGHT = Tokens(
    name="light",
    canvas="#E9ECEF",
    surface="#FFFFFF",
    raised="#F4F6F8",
    line="#D3D9E0",
    text="#1A2028",
    quiet="#5A6675",
    accent="#0E7C74",
    on_accent="#FFFFFF",
    good="#2E7D32",
    warn="#9A6700",
    bad="#C62828",
    skeleton_trunk="#333333",
)


class ThemeEvents(QObject):
    """Tells that the colours are others now."""

    changed = Signal()


theme_events = ThemeEvents()


class _State:
    tokens: Tokens = DARK
    wish: str = "dark"
    following: bool = False
    styled: bool = False


def current() -> Tokens:
    """The colours in force."""
    return _State.tokens


def apply(app: QApplication, theme: str) -> None:
    """Make the application look "dark", "light" or as the "system" says."""
    if theme not in ("dark", "light", "system"):
        raise ValueError(f"no theme {theme}")
    _State.wish = theme
    hints = app.styleHints()
    schemes = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}
    hints.setColorScheme(schemes.get(theme, Qt.ColorScheme.Unknown))
    if not _State.following:
        _State.following = True
        hints.colorSchemeChanged.connect(_follow_system)
    light = hints.colorScheme() == Qt.ColorScheme.Light if theme == "system" else theme == "light"
    _paint(app, LIGHT if light else DARK)


def _follow_system(scheme: Qt.ColorScheme) -> None:
    app = QApplication.instance()
    if _State.wish == "system" and isinstance(app, QApplication):
        _paint(app, LIGHT if scheme == Qt.ColorScheme.Light else DARK)


def _paint(app: QApplication, tokens: Tokens) -> None:
    _State.tokens = tokens
    if not _State.styled:
        _State.styled = True
        app.setStyle("Fusion")
    app.setFont(ui_font())
    app.setPalette(palette(tokens))
    app.setStyleSheet(stylesheet(tokens))
    theme_events.changed.emit()


def ui_font(pixels: int = TEXT_PX, *, bold: bool = False) -> QFont:
    """The system's own font at a size in pixels."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont)
    font.setPixelSize(pixels)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


def tint(widget: QWidget, sheet: str) -> None:
    """Give a widget a stylesheet of its own; costs nothing when it has it already."""
    if widget.styleSheet() != sheet:
        widget.setStyleSheet(sheet)


def time_font(pixels: int = TIME_PX) -> QFont:
    """Figures that all have one width, for times and counts that change."""
    font = ui_font(pixels)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def palette(tokens: Tokens) -> QPalette:
    """The same colours for widgets that the stylesheet does not name."""
    role = QPalette.ColorRole
    colors = {
        role.Window: tokens.surface,
        role.WindowText: tokens.text,
        role.Base: tokens.canvas if tokens.name == "dark" else tokens.surface,
        role.AlternateBase: tokens.raised,
        role.Text: tokens.text,
        role.PlaceholderText: tokens.quiet,
        role.Button: tokens.raised,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.bad,
        role.ToolTipBase: tokens.raised,
        role.ToolTipText: tokens.text,
        role.Highlight: tokens.accent,
        role.HighlightedText: tokens.on_accent,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.Light: tokens.raised,
        role.Midlight: tokens.raised,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.canvas,
    }
    made = QPalette()
    for where, color in colors.items():
        made.setColor(where, QColor(color))
    faded = mixed(tokens.quiet, tokens.surface, 0.45)
    for where in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, where, QColor(faded))
    return made


def mixed(one: str, other: str, share: float) -> str:
    """A colour between two, ``share`` of the way to the other."""
    a, b = QColor(one), QColor(other)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return "#" + "".join(f"{round(x + (y - x) * share):02X}" for x, y in pairs)


def contrast(one: str, other: str) -> float:
    """Ratio of the relative luminances of two colours, 1 to 21, as in WCAG 2."""
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def stylesheet(tokens: Tokens) -> str:
    """The one stylesheet: what the palette cannot say."""
    values = {f.name: getattr(tokens, f.name) for f in fields(tokens)}
    values["hover"] = mixed(tokens.raised, tokens.text, 0.07)
    values["selected"] = mixed(tokens.surface, tokens.accent, 0.16)
    # Three pixels are wide enough to be caught, one of them is the hairline that is seen.
    stops = f"stop:0.33 {tokens.surface}, stop:0.34 {tokens.line}, stop:0.66 {tokens.line}"
    stops += f", stop:0.67 {tokens.surface}"
    values["across"] = f"qlineargradient(x1:0, y1:0, x2:0, y2:1, {stops})"
    values["along"] = f"qlineargradient(x1:0, y1:0, x2:1, y2:0, {stops})"
    values["faded"] = mixed(tokens.quiet, tokens.surface, 0.45)
    sheet = _SHEET
    for name, color in values.items():
        sheet = sheet.replace(f"@{name};", f"{color};").replace(f"@{name} ", f"{color} ")
    return sheet.replace("@check", resource("icons", "check.svg").as_posix())


_SHEET = """
QToolTip { background: @raised; color: @text; border: 1px solid @line; padding: 4px 6px; }
QMainWindow, QDialog { background: @surface; }
QMainWindow::separator { width: 3px; height: 3px; background: @along ; }
QMainWindow::separator:horizontal { background: @across ; }
QMainWindow::separator:hover { background: @accent; }
QSplitter::handle { background: @line; }
QSplitter::handle:hover { background: @accent; }
QStatusBar { background: @surface; color: @quiet; border: none; }
QStatusBar::item { border: none; }
QMenuBar { background: @surface; color: @text; padding: 2px 4px; }
QMenuBar::item { padding: 4px 8px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: @raised; }
QMenu { background: @raised; color: @text; border: 1px solid @line; padding: 4px; }
QMenu::item { padding: 5px 24px 5px 8px; border-radius: 4px; }
QMenu::item:selected { background: @selected; }
QMenu::item:disabled { color: @faded; }
QMenu::icon { padding-left: 6px; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QLineEdit, QPlainTextEdit, QTextEdit, QComboBox, QSpinBox, QDoubleSpinBox {
  background: @canvas; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 4px 8px; selection-background-color: @accent; selection-color: @on_accent; }
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QComboBox:focus, QSpinBox:focus,
QDoubleSpinBox:focus { border: 1px solid @accent; }
QLineEdit:disabled { color: @faded; }
QComboBox::drop-down { border: none; width: 20px; }
QPushButton { background: @raised; color: @text; border: 1px solid @line; border-radius: 6px;
  padding: 5px 12px; }
QPushButton:hover { background: @hover; }
QPushButton:focus { border: 1px solid @accent; }
QPushButton:disabled { color: @faded; }
QPushButton[primary="true"] { background: @accent; color: @on_accent; border-color: @accent; }
QPushButton[primary="true"]:disabled { background: @raised; color: @faded; border-color: @line; }
QToolButton { background: transparent; color: @text; border: none; border-radius: 6px;
  padding: 4px; }
QToolButton:hover { background: @raised; }
QToolButton:focus { background: @raised; }
QToolButton:pressed, QToolButton:checked { background: @raised; color: @accent; }
QToolButton:disabled { color: @faded; }
QToolButton[chip="true"] { border: 1px solid @line; padding: 2px 6px; color: @quiet; }
QToolButton[chip="true"]:hover, QToolButton[chip="true"]:focus { color: @text; }
QToolButton[chip="true"]:checked { color: @accent; border-color: @accent; }
QToolButton[chip="true"]:disabled { color: @faded; }
QToolButton::menu-indicator { image: none; }
QListView, QTreeView, QTableView, QListWidget { background: transparent; border: none;
  outline: none; }
QHeaderView::section { background: @raised; color: @quiet; border: none; padding: 4px 8px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: @line; border-radius: 3px; margin: 2px; }
QScrollBar::handle:vertical { min-height: 28px; }
QScrollBar::handle:horizontal { min-width: 28px; }
QScrollBar::handle:hover { background: @quiet; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QProgressBar { background: @raised; border: none; border-radius: 3px; max-height: 6px;
  min-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QTabBar::tab { background: transparent; color: @quiet; padding: 5px 12px; border: none; }
QTabBar::tab:selected { color: @text; border-bottom: 2px solid @accent; }
QDockWidget { color: @text; }
QCheckBox::indicator { width: 13px; height: 13px; border: 1px solid @quiet; border-radius: 3px;
  background: @canvas; }
QCheckBox::indicator:checked { background: @accent; border: 1px solid @accent;
  image: url("@check"); }
QCheckBox::indicator:indeterminate { background: @quiet; }
QCheckBox::indicator:disabled { border: 1px solid @line; }
QCheckBox:focus { color: @accent; }
*[quiet="true"] { color: @quiet; }
*[tone="good"] { color: @good; }
*[tone="warn"] { color: @warn; }
*[tone="bad"] { color: @bad; }
"""
