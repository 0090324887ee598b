"""Jobs that behave, misbehave and die; imported by workers, so nothing heavy is imported here."""

from __future__ import annotations

import ctypes
import enum
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, UsageError
from harstudio.jobs.context import Context, ListeningContext, Stopped

Payload = dict[str, Any]


class Version(str):
    """A text that is not exactly str, as ``torch.__version__`` is."""


class Word(enum.StrEnum):
    ONE = "one"


def echo(payload: Payload, context: Context) -> Payload:
    """Says everything once."""
    context.log("begun")
    context.tell("metrics", {"loss": 0.5, "classes": ["a", "b"], "best": None})
    context.progress(1, 2, "half")
    context.progress(2, 2, "whole")
    return {
        "payload": payload,
        "pid": os.getpid(),
        "threads": context.threads,
        "device": context.device,
        "omp": os.environ["OMP_NUM_THREADS"],
        "nice": os.nice(0) if hasattr(os, "nice") else None,
        "at": time.time(),
    }


def steps(payload: Payload, context: Context) -> Payload:
    """Steps of 10 ms until told to stop; then it saves ``path`` and says where it was."""
    step = 0
    try:
        for step in range(int(payload.get("steps", 6000))):
            context.progress(step, 6000, f"step {step}")
            if step == payload.get("tell_at"):
                context.tell("here", {"step": step})
            time.sleep(payload.get("step_s", 0.01))
            context.pause_point()
    except Stopped:
        time.sleep(payload.get("save_s", 0.0))
        if "path" in payload:
            Path(payload["path"]).write_text(str(step))
        if payload.get("keep", True):
            return {"step": step}
        raise
    return {"step": step + 1}


def listens(_payload: Payload, context: ListeningContext) -> Payload:
    """Tells back what it hears, until it is stopped."""
    while True:
        for kind, payload in context.heard():
            context.tell(kind, payload)
        time.sleep(0.01)
        context.pause_point()


def stubborn(_payload: Payload, context: Context) -> Payload:
    """Never asks."""
    context.tell("device", {"device": "cpu", "name": "CPU"})
    while True:
        time.sleep(0.05)


def in_c(_payload: Payload, context: Context) -> Payload:
    """A call into C for a minute, which lets go of the interpreter as big libraries do."""
    context.tell("here", {"pid": os.getpid()})
    ctypes.CDLL(None).sleep(60)
    return {}


def segfault(_payload: Payload, _context: Context) -> Payload:
    ctypes.string_at(0)
    return {}


def killed(payload: Payload, _context: Context) -> Payload:
    os.kill(os.getpid(), payload.get("signal", signal.SIGKILL))
    time.sleep(10)
    return {}


def exits(_payload: Payload, _context: Context) -> Payload:
    os._exit(3)


def raises(payload: Payload, _context: Context) -> Payload:
    match payload["what"]:
        case "ours":
            raise DataError("The third line is no number.", path="a/b.txt", remedy="Mend it.")
        case "usage":
            raise UsageError('There is no key "epoch".', remedy='Did you mean "epochs"?')
        case "value":
            raise ValueError("weights\ndo not fit")
        case "exit":
            sys.exit(4)
        case "os":
            raise OSError(28, "No space left on device", "run/last.safetensors")
        case "torch":
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 40 GB")
    raise MemoryError


def hungry(_payload: Payload, _context: Context) -> Payload:
    """Really runs out of the memory that the system grants."""
    import resource

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), resource.RLIM_INFINITY))
    held = [bytearray(16 << 20) for _ in range(1000)]
    return {"held": len(held)}


def prints(_payload: Payload, _context: Context) -> Payload:
    """Writes to standard output in every way there is, then reads standard input."""
    print("from python")
    os.write(1, b'{"v":1,"kind":"done","payload":{"id":1,"result":{"from":"fd 1"}}}\n')
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    libc.fflush(None)
    os.system("echo from a child")  # noqa: S605
    print("from stderr", file=sys.stderr)
    return {"read": sys.stdin.read()}


def floods(payload: Payload, context: Context) -> Payload:
    for k in range(payload["lines"]):
        context.log(f"line {k}")
        context.progress(k, payload["lines"])
        context.tell("count", {"k": k})
    return {}


def tells(payload: Payload, context: Context) -> Payload:
    """Tells what cannot be told."""
    import numpy as np

    value: Any = {
        "numpy": np.float64(0.5),
        "version": Version("2.13"),
        "enum": Word.ONE,
        "path": Path("x"),
        "large": "x" * (17 << 20),
        "nan": [float("nan"), float("inf")],
    }[payload["what"]]
    context.tell("metrics", {"train": {"loss": value}})
    return {}


def returns(payload: Payload, _context: Context) -> Any:
    return {"large": {"text": "x" * (17 << 20)}, "path": {"run": Path("x")}}[payload["what"]]


def has_torch(_payload: Payload, _context: Context) -> Payload:
    import torch

    return {"version": str(torch.__version__), "threads": torch.get_num_threads()}
