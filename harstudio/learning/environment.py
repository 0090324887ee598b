"""What a run was made with: programs, processor, device."""

from __future__ import annotations

import platform
import time
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from harstudio import __version__
from harstudio.jobs.torchrun import place
from harstudio.learning.devices import Device, cpu_name

PACKAGES = ("torch", "numpy", "safetensors", "opencv-python-headless", "av", "scipy")


def describe_environment(device: Device) -> dict[str, Any]:
    """Builtins for ``environment.json``."""
    return {
        "version": 1,
        "harstudio": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "cpu": cpu_name(),
        "threads": torch.get_num_threads(),
        "device": {"device": str(device.torch), "name": device.name},
        "processes": place()[1],
        "cuda": torch.version.cuda,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
