"""Opens damaged copies of a recording, one after the other, in a process with limits.

``python media_fuzz.py SOURCE FOLDER FIRST LAST``: for every seed in [FIRST, LAST) a mutated copy
of SOURCE is opened and read. The seed is printed before, so that a process that dies has said
which one it was. Errors that are not HarstudioErrors end it with a trace.
"""

from __future__ import annotations

import resource
import shutil
import signal
import sys
from pathlib import Path

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats import open_recording

MEMORY_BYTES = 3 << 30
SECONDS_A_FILE = 30


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """One of: bytes changed, a piece zeroed, lost, doubled or noisy, cut off; sometimes two."""
    changed = bytearray(data)
    for _ in range(int(random.integers(1, 3))):
        if len(changed) < 8:
            break
        start = int(random.integers(0, len(changed)))
        if random.random() < 0.3:
            start = min(start, int(random.integers(1, 6000)))  # headers, more often
        length = int(random.integers(1, max(2, min(4000, len(changed) - start))))
        way = int(random.integers(0, 6))
        if way == 0:
            for place in random.integers(0, len(changed), int(random.integers(1, 40))):
                changed[int(place)] = int(random.integers(0, 256))
        elif way == 1:
            changed[start : start + length] = bytes(len(changed[start : start + length]))
        elif way == 2:
            del changed[start : start + length]
        elif way == 3:
            changed[start:start] = changed[start : start + length]
        elif way == 4:
            changed[start : start + length] = random.bytes(len(changed[start : start + length]))
        else:
            del changed[start:]
    return bytes(changed)


def mutated_copy(source: Path, target: Path, seed: int) -> Path:
    """A damaged copy of a file, or of a folder in which one file is damaged."""
    random = np.random.default_rng(seed)
    if source.is_file():
        copy = target / source.name
        copy.write_bytes(mutate(source.read_bytes(), random))
        return copy
    copy = target / source.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(source, copy)
    files = sorted(copy.iterdir())
    victim = files[int(random.integers(0, len(files)))]
    victim.write_bytes(mutate(victim.read_bytes(), random))
    return copy


def look_at(path: Path, seed: int) -> int:
    """Open a recording, read frames of every stream; how many could be read."""
    random = np.random.default_rng(seed)
    readable = 0
    try:
        with open_recording(path) as recording:
            recording.describe()
            for stream in recording.streams.values():
                for index in random.integers(0, len(stream), 3).tolist():
                    try:
                        if isinstance(stream, AudioStream):
                            stream.samples(index, index + 500)
                        else:
                            stream.frame(index)
                        readable += 1
                    except HarstudioError:
                        pass
    except HarstudioError as error:
        if str(path) not in str(error) or "\n" in str(error):
            raise RuntimeError("not one sentence that names the file") from error
    return readable


def main() -> None:
    source, folder = Path(sys.argv[1]), Path(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    readable = 0
    for seed in range(int(sys.argv[3]), int(sys.argv[4])):
        print(seed, flush=True)
        signal.alarm(SECONDS_A_FILE)  # kills the process where a file makes it hang
        readable += look_at(mutated_copy(source, folder, seed), seed)
        signal.alarm(0)
    print(f"readable {readable}", flush=True)


if __name__ == "__main__":
    main()
