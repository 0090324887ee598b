"""Who has a document open for editing: a small file that names process, computer and time.

Only creating a file is asked of the file system, so it works on shared drives and on Windows.
The lock of a process that died on this computer is taken over.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import platform
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from harstudio.errors import ConflictError

UNREADABLE_GRACE_S = 10.0  # a lock without content may be one that is just being written

_held_here: set[str] = set()  # tokens of the locks of this process


class Lock:
    """A held lock file; ``release`` it. ConflictError when somebody else holds it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._token = secrets.token_hex(8)
        content = json.dumps(
            {
                "pid": os.getpid(),
                "host": platform.node(),
                "since": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                "process": _process_start(os.getpid()),
                "token": self._token,
            }
        ).encode()
        _held_here.add(self._token)  # before the file is there, or another thread took it for dead
        try:
            self._take(content)
        except BaseException:
            _held_here.discard(self._token)
            raise

    def _take(self, content: bytes) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while not _create(self.path, content, self._token):
            owner = _read(self.path)
            if owner is None:
                continue  # it was released this moment
            if not _is_dead(owner, self.path):
                raise _conflict(self.path, owner)
            _set_aside(self.path, owner, self._token)

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
        os.link(whole, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        try:
            with path.open("xb") as file:
                file.write(content)
        except FileExistsError:
            return False
    finally:
        with contextlib.suppress(OSError):
            whole.unlink()
    return True


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
        with contextlib.suppress(OSError):
            return time.time() - path.stat().st_mtime > UNREADABLE_GRACE_S
        return False
    if owner.get("host") != platform.node():
        return False
    if pid == os.getpid():
        return owner.get("token") not in _held_here  # an earlier process with our number
    if not _is_alive(pid):
        return True
    started = _process_start(pid)
    return bool(started) and bool(owner.get("process")) and started != owner["process"]


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
    since, pid, host = _since(owner.get("since")), owner.get("pid", "?"), owner.get("host", "?")
    if owner.get("token") in _held_here:
        who = "another window of this program"
    elif host == platform.node():
        who = f"another HARStudio on this computer (process {pid}{since})"
    else:
        who = f"HARStudio on {host}" + (f" ({since.removeprefix(', ')})" if since else "")
    return ConflictError(
        f"These labels are open in {who}.",
        path=path.with_suffix(".json"),
        remedy=f"Close them there or look at them read-only; if it is gone, delete {path.name}.",
    )


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
