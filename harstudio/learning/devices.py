"""Where a training computes: the CPU with so many threads, or a GPU."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import torch

from harstudio.errors import UsageError
from harstudio.jobs.context import Context

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, slots=True)
class Device:
    """A device and its name for people ("CPU, 2 threads", "NVIDIA H200")."""

    torch: torch.device
    name: str

    def tell(self, context: Context) -> None:
        """The event ``device``."""
        context.tell("device", {"device": str(self.torch), "name": self.name})


def choose_device(wanted: str, context: Context, threads: int | None = None) -> Device:
    """The device to use; sets torch's threads.

    What the job was started with counts before ``wanted``, the config's word; "auto" is a GPU
    where there is one. threads: the config's, None for the job's own; never more than cores.
    UsageError where the device is not there.
    """
    cores = os.cpu_count() or 1
    threads = min(max(1, threads or context.threads), cores)  # more would only wait for each other
    torch.set_num_threads(threads)
    name = context.device if context.device != "auto" else wanted
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(
            f"There is no device {name}.", remedy="Use auto, cpu, cuda or cuda:1."
        ) from None
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            have = f"{count} GPU{'s' if count > 1 else ''}" if count else "no GPU"
            raise UsageError(
                f"Device {name} is not there: PyTorch sees {have}.",
                remedy="Use device auto or cpu.",
            )
        torch.backends.cudnn.benchmark = True  # inputs keep their size
        return Device(device, torch.cuda.get_device_name(device))
    if device.type != "cpu":
        raise UsageError(f"Device {name} is not supported.", remedy="Use auto, cpu or cuda.")
    return Device(device, f"CPU, {threads} thread{'' if threads == 1 else 's'}")


def cpu_name() -> str:
    """The processor's name as it is sold."""
    try:
        for line in CPU_INFO.read_text("utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
