"""What the configs of runs differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

FOLDER = "run.folder"  # differs always


def differences(configs: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Dotted keys that differ, sorted, with the value of each config; None where it has none."""
    keys = dict.fromkeys(key for config in configs for key in config if key != FOLDER)
    rows = {key: [config.get(key) for config in configs] for key in keys}
    return {key: row for key, row in sorted(rows.items()) if any(one != row[0] for one in row)}
