"""Whether a camera gives the mode that was asked for."""

from __future__ import annotations

from dataclasses import replace

from harstudio.live.sources.source import CaptureSettings, WrongMode

RATE_SLACK = 0.1  # drivers round rates


def mode_text(width: int, height: int, fps: float) -> str:
    """ "1280x720 at 30 fps"."""
    return f"{width}x{height}" + (f" at {fps:g} fps" if fps > 0 else "")


def check_mode(settings: CaptureSettings, width: int, height: int, fps: float, name: str) -> None:
    """WrongMode where a size or rate was asked for and this is not it; fps 0: not known."""
    size = (settings.width or width, settings.height or height)
    rate = settings.fps or fps
    if size == (width, height) and (not fps or abs(rate - fps) <= RATE_SLACK * rate):
        return
    raise WrongMode(
        f"{name} gives {mode_text(width, height, round(fps, 2))}, not "
        f"{mode_text(*size, settings.fps)}.",
        nearest=replace(settings, width=width, height=height, fps=fps),
    )
