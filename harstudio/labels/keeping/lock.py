"""Who has a document open for editing: a small file that names process, computer and time.

Only creating a file is asked of the file system, so it works on shared drives and on Windows.
The lock of a process that died on this computer is taken over; so is one of another computer that
gave no sign of life for a quarter of an hour by the file server's clock (a lock is touched every
minute). A holder that slept so long finds out at its next edit, and changes nothing.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import functools
import json
import os
import platform
import secrets
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

from harstudio.errors import ConflictError

BEAT_S = 60.0  # between two signs of life
STALE_S = 900.0
UNREADABLE_GRACE_S = 10.0  # a lock without content may be one that is just being written

_held_here: set[str] = set()  # tokens of the locks of this process


class Lock:
    """A held lock file; ``release`` it. ConflictError when somebody else holds it.

    retaken: whether it was missing and had to be made again: somebody may have held it meanwhile
    and changed what it guards. Who has looked after that sets it back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.retaken = False
        self._token = secrets.token_hex(8)
        self._content = json.dumps(
            {
                "pid": os.getpid(),
                "machine": _machine(),
                "beats": True,
                "host": platform.node(),
                "space": _space(),
                "since": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "process": _own_start(os.getpid()),
                "token": self._token,
            }
        ).encode()
        _held_here.add(self._token)  # before the file is there, or another thread took it for dead
        try:
            self._take()
        except BaseException:
            _held_here.discard(self._token)
            raise
        self._seen = _identity(self.path)
        self._beaten = time.monotonic()
        self._mutex = threading.Lock()

    def _take(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while not _create(self.path, self._content, self._token):
            owner = _read(self.path)
            if owner is None:
                continue  # it was released this moment
            if not _is_dead(owner, self.path):
                raise _conflict(self.path, owner)
            _set_aside(self.path, owner, self._token)

    def confirm(self) -> None:
        """See that it is still held here; taken again where somebody only deleted it.

        ConflictError when somebody else has it, OSError when the folder is gone.
        """
        with self._mutex:
            seen = _identity(self.path)
            if seen is not None and seen == self._seen:
                return
            self._confirm_by_content()
            self._seen = _identity(self.path)

    def _confirm_by_content(self) -> None:
        if not self.path.exists():
            if not self.path.parent.exists():
                raise FileNotFoundError(errno.ENOENT, "the folder is gone")
            if _create(self.path, self._content, self._token):
                self.retaken = True
                return
        self.path.read_bytes()  # what cannot be read is not somebody else's yet
        owner = _read(self.path) or {}
        if owner.get("token") != self._token:
            raise _taken(self.path, owner)

    def beat(self) -> None:
        """Touch the file once a minute, so that other computers see that somebody is there."""
        with self._mutex:
            if time.monotonic() - self._beaten < BEAT_S:
                return
            self._beaten = time.monotonic()
            with contextlib.suppress(OSError):
                if (_read(self.path) or {}).get("token") == self._token:
                    os.utime(self.path)
                    self._seen = _identity(self.path)

    def release(self) -> None:
        """Let go; a lock that somebody else took over meanwhile is left alone."""
        _held_here.discard(self._token)
        owner = _read(self.path)
        if owner is not None and owner.get("token") == self._token:
            with contextlib.suppress(OSError):
                self.path.unlink()


def _create(path: Path, content: bytes, token: str) -> bool:
    """Make the file with its content at once; False when there is one."""
    whole = path.with_name(f".{path.name}.{token}.tmp")
    try:
        whole.write_bytes(content)
        try:
            os.link(whole, path)
        except FileExistsError:
            return False
        except OSError:
            return _create_without_link(path, content)
    finally:
        with contextlib.suppress(OSError):
            whole.unlink()
    return True


def _create_without_link(path: Path, content: bytes) -> bool:
    """On a file system without hard links; there is a moment at which the file is empty."""
    try:
        file = path.open("xb", buffering=0)
    except FileExistsError:
        return False
    try:
        with file:
            if file.write(content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()  # an empty lock would keep everybody out
        raise
    return True


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells a lock file from another at its place; None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_ino, status.st_mtime_ns


def _read(path: Path) -> dict[str, Any] | None:
    """Who holds it; {} when the file does not tell, None when there is no file."""
    try:
        owner = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        return {}
    return owner if isinstance(owner, dict) else {}


def _is_dead(owner: dict[str, Any], path: Path) -> bool:
    """Whether the holder is surely gone: its process died, or it never finished the file."""
    pid = owner.get("pid")
    if not isinstance(pid, int):
        return _silence_s(path) > UNREADABLE_GRACE_S
    limit_s = _silence_limit_s(owner)
    if limit_s is not None:
        return owner.get("beats") is True and _silence_s(path) > limit_s
    if pid == os.getpid():
        return owner.get("token") not in _held_here  # an earlier process with our number
    if not _is_alive(pid):
        return True
    started = _process_start(pid)
    return bool(started) and bool(owner.get("process")) and started != owner["process"]


def _is_here(owner: dict[str, Any]) -> bool:
    """Whether the holder is a process of this computer; two may have one name."""
    machine = owner.get("machine", _machine())
    return owner.get("host") == platform.node() and machine == _machine()


def _silence_limit_s(owner: dict[str, Any]) -> float | None:
    """How long a holder may be silent; None where its process can be asked for instead.

    A copy of this computer's disk, a sandbox with processes of its own, and this computer before
    it was started anew have the same names, and other process numbers.
    """
    if not _is_here(owner):
        return STALE_S
    return None if owner.get("space", _space()) == _space() else 2 * BEAT_S


def _silence_s(path: Path) -> float:
    """Since when a lock was not touched, by the clock of the drive that it lies on."""
    probe = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except OSError:
        return 0.0
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


@functools.cache
def _machine() -> str:
    """What tells this computer from another of the same name."""
    try:
        return Path("/etc/machine-id").read_text().strip()
    except OSError:
        return f"{uuid.getnode():012x}"


@functools.cache
def _space() -> str:
    """Within what process numbers mean something: this start of this computer, or a sandbox in it;
    "" where the system does not tell."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _set_aside(path: Path, owner: dict[str, Any], token: str) -> None:
    """Remove a dead lock, but not a living one that took its place meanwhile."""
    aside = path.with_name(f".{path.name}.{token}.tmp")
    try:
        path.replace(aside)
    except FileNotFoundError:
        return
    if _read(aside) != owner:
        with contextlib.suppress(OSError):
            os.link(aside, path)
    aside.unlink(missing_ok=True)


def _conflict(path: Path, owner: dict[str, Any]) -> ConflictError:
    remedy = "Close them there or look at them read-only"
    limit_s = _silence_limit_s(owner)
    if limit_s is None or not owner.get("beats"):
        remedy += f"; if it is gone, delete {path.name}."
    else:
        minutes = max(round((limit_s - _silence_s(path)) / 60), 1)
        gone = "it is gone" if _is_here(owner) else "that computer is off"
        remedy += f"; if {gone}, try again in {minutes} min, or delete {path.name}."
    return ConflictError(
        f"These labels are open in {_who(owner)}.", path=path.with_suffix(".json"), remedy=remedy
    )


def _taken(path: Path, owner: dict[str, Any]) -> ConflictError:
    return ConflictError(
        f"These labels were opened in {_who(owner)} while they were open here, and nothing was "
        "overwritten.",
        path=path.with_suffix(".json"),
        remedy="Close them there, then open the recording again here.",
    )


def _who(owner: dict[str, Any]) -> str:
    since, pid, host = _since(owner.get("since")), owner.get("pid", "?"), owner.get("host", "?")
    if owner.get("token") in _held_here:
        return "another window of this program"
    if not owner:
        return "a program that did not tell its name"
    if _is_here(owner):
        return f"another HARStudio on this computer (process {pid}{since})"
    return f"HARStudio on {host}" + (f" ({since.removeprefix(', ')})" if since else "")


def _since(stamp: object) -> str:
    """ ", since 14:05", or ", since 14:05 on 20 November", in local time; "" if it is unknown."""
    try:
        then = datetime.datetime.fromisoformat(str(stamp)).astimezone()
    except ValueError:
        return ""
    today = then.date() == datetime.datetime.now().astimezone().date()
    return f", since {then:%H:%M}" + ("" if today else f" on {then.day} {then:%B}")


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return _windows_process_start(pid) != ""  # os.kill(pid, 0) would end the process there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it lives and belongs to somebody else
    return True


@functools.cache
def _own_start(pid: int) -> str:
    return _process_start(pid)


def _process_start(pid: int) -> str:
    """When a process started, to tell it from a later one of the same number; "" if unknown."""
    if sys.platform == "win32":
        return _windows_process_start(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
    return f"{boot}:{stat.rpartition(')')[2].split()[19]}"


def _windows_process_start(pid: int) -> str:
    if sys.platform != "win32":
        return ""
    import ctypes

    query_limited_information, still_active, access_denied = 0x1000, 259, 5
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = kernel.OpenProcess(query_limited_information, False, pid)
    if not handle:
        return "unknown" if ctypes.get_last_error() == access_denied else ""
    try:
        process, code = ctypes.c_void_p(handle), ctypes.c_ulong()
        if not kernel.GetExitCodeProcess(process, ctypes.byref(code)):
            return "unknown"
        if code.value != still_active:
            return ""
        times = [ctypes.c_ulonglong() for _ in range(4)]
        kernel.GetProcessTimes(process, *(ctypes.byref(time) for time in times))
        return str(times[0].value)
    finally:
        kernel.CloseHandle(ctypes.c_void_p(handle))
