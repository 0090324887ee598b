"""Whether a camera gives the mode that was asked for."""

from __future__ import annotations

from dataclasses import replace

from harstudio.live.sources.source import CaptureSettings, WrongMode

RATE_SLACK = 0.1  # drivers round rates


def mode_text(width: int, height: int, fps: float) -> str:
    """ "1280x720 at 30 fps"."""
    return f"{width}x{height}" + (f" at {fps:g} fps" if fps > 0 else "")


def check_mode(settings: CaptureSettings, title: str, size: tuple[int, int], fps: float) -> None:
    """WrongMode where another size or rate was asked for than this one, which is given.

    fps: 0 where it is not known.
    """
    wanted = (settings.width or size[0], settings.height or size[1])
    rate = settings.fps or fps
    if wanted == size and (not fps or abs(rate - fps) <= RATE_SLACK * rate):
        return
    given = mode_text(*size, round(fps, 2))
    raise WrongMode(
        f"{title} gives no {mode_text(*wanted, settings.fps)}; it gives {given}.",
        remedy="That is taken.",
        nearest=replace(settings, width=size[0], height=size[1], fps=fps),
    )
