"""Recordings of a recorder that was killed: found at the next start and made whole."""

from __future__ import annotations

from pathlib import Path

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.keeping.lock import Lock
from harstudio.live.recorder.take import LOCK_FILE, RESERVE_FILE
from harstudio.recordings.formats.harrec_finish import finish
from harstudio.recordings.formats.harrec_header import SUFFIX, Header

WHY = "The recorder was ended while this was recorded; the last moment may be missing."


def finish_leftovers(folder: Path) -> tuple[list[tuple[Path, Header]], list[HarstudioError]]:
    """Finish what lies unfinished directly in a folder and is written by nobody.

    Returns the recordings that are whole now, and what is wrong with those that are not.
    """
    finished: list[tuple[Path, Header]] = []
    problems: list[HarstudioError] = []
    for lock_file in sorted(folder.glob(f"*{SUFFIX}/{LOCK_FILE}")):
        recording = lock_file.parent
        try:
            lock = Lock(lock_file)
        except ConflictError:
            continue  # somebody records
        except OSError as error:
            problems.append(HarstudioError(f"{error.strerror or error}.", path=recording))
            continue
        try:
            (recording / RESERVE_FILE).unlink(missing_ok=True)
            finished.append((recording, finish(recording, WHY)))
        except HarstudioError as error:
            problems.append(error)
        except OSError as error:
            problems.append(HarstudioError(f"{error.strerror or error}.", path=recording))
        finally:
            lock.release()
    return finished, problems
