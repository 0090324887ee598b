"""What a session measured of itself."""

from __future__ import annotations

import time

from harstudio.live.report import LiveReport


def test_who_stands_still_flatters_no_figure() -> None:
    report = LiveReport("webcam:0")
    report.begin(time.monotonic_ns())
    late = {"captured_ns": time.monotonic_ns() - 500_000_000, "stages": {"network": 4.0}}
    for _ in range(50):  # at once, but nothing was asked
        still = {"captured_ns": time.monotonic_ns(), "stages": {"wait": 1.0, "network": None}}
        report.hear("recogniser", "said", {**still, "moving": False})
    assert report.to_dict()["first_label_s"] is None
    for moving in (True, True, False, True):
        report.hear("recogniser", "said", {**late, "moving": moving})
        time.sleep(0.01)
    told = report.to_dict()
    assert told["recognised_frames"] == 3
    assert told["latency_ms"]["p50"] >= 500
    assert told["latency_ms"]["stages"] == {"network": {"p50": 4.0, "p95": 4.0}}
    assert told["moving_s"] <= 1 / told["recognised_fps"] + 0.01  # between the first two alone
