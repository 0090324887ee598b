"""Writes small files in the layouts of UTD-MHAD and NTU RGB+D, for tests."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import scipy.io

FIRST_ID = 72057594037931101


def skeleton_text(bodies: list[int], seed: int = 0, newline: str = "\n") -> str:
    """A ``.skeleton`` text with so many bodies in each frame, as the dataset writes numbers."""
    rng = np.random.default_rng(seed)
    lines = [str(len(bodies))]
    for count in bodies:
        lines.append(str(count))
        for person in range(count):
            lines.append(f"{FIRST_ID + person} 0 1 1 1 1 0 0.02764709 0.05745083 2")
            lines.append("25")
            for x, y, z in rng.normal((0, 0, 3), (0.4, 0.5, 0.3), size=(25, 3)):
                values = [x, y, z, 257.3 + 365.5 * x / z, 210.3 - 365.5 * y / z,
                          959.5 + 1081.4 * (x + 0.052) / z, 539.5 - 1081.4 * y / z,
                          *rng.normal(scale=0.5, size=4)]  # fmt: skip
                lines.append(" ".join(f"{value:.7g}" for value in values) + " 2")
    return newline.join(lines) + newline


def usual_reader(path: Path) -> list[list[tuple[str, list[list[float]]]]]:
    """The way everybody reads the format: a line at a time, every number by ``float``."""
    frames = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            bodies = []
            for _ in range(int(file.readline())):
                name = file.readline().split()[0]
                joints = int(file.readline())
                bodies.append((name, [[float(v) for v in file.readline().split()]
                                      for _ in range(joints)]))  # fmt: skip
            frames.append(bodies)
    return frames


def write_video(path: Path, frames: int, width: int = 64, height: int = 48) -> None:
    """An avi as the dataset's: H.264 with B-frames; every frame has its own grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"bf": "3", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for k in range(frames):
            picture = np.full((height, width, 3), 20 + 8 * k, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())


def write_depth_pngs(folder: Path, frames: int, name: str = "MDepth") -> None:
    """Pictures of 1000 mm and one more for every frame."""
    folder.mkdir(parents=True, exist_ok=True)
    for k in range(frames):
        picture = np.full((424, 512), 1000 + k, np.uint16)
        data = cv2.imencode(".png", picture)[1]
        (folder / f"{name}-{k + 1:08d}.png").write_bytes(data.tobytes())


def write_text(path: Path, text: str) -> None:
    """A text file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


def write_mat(path: Path, compressed: bool = True, **arrays: np.ndarray) -> None:
    """A MATLAB file of version 5."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        scipy.io.savemat(file, arrays, do_compression=compressed)


def write_trial(
    root: Path, trial: str = "a3_s2_t1", frames: int = 10, samples: int = 33, flat: bool = False
) -> dict[str, Path]:
    """A whole UTD-MHAD trial without colour; the paths of its files by modality."""
    rng = np.random.default_rng(0)
    arrays = {
        "depth": ("d_depth", (np.arange(frames) + 900).astype(np.uint16) * np.ones((24, 32, 1))),
        "skeleton": ("d_skel", rng.normal((0, 0, 2.5), (0.3, 0.4, 0.1), (frames, 20, 3))),
        "inertial": ("d_iner", rng.normal(size=(samples, 6))),
    }
    paths = {}
    for modality, (name, values) in arrays.items():
        folder = root if flat else root / modality.capitalize()
        paths[modality] = folder / f"{trial}_{modality}.mat"
        if modality == "skeleton":
            values = values.transpose(1, 2, 0)
        if modality == "depth":
            values = values.astype(np.uint16)
        write_mat(paths[modality], **{name: values})
    return paths
