"""Reads an Azure Kinect in a Python of its own and writes what comes to standard output.

    python azure_adapter.py find
    python azure_adapter.py open DEVICE RESOLUTION FPS        RESOLUTION: 720P, 1080P, ...; FPS: 30

Needs ``pyk4a`` (or ``pyk4a-bundle``) and the numpy that it was built for; Python 3.8 or newer,
nothing of HARStudio. A message is ``b"HSA1"``, the length of its header (uint32, little-endian),
the header (JSON, UTF-8) and the bytes of the arrays that the header lists, one after another:

    {"kind": "found", "devices": 1}
    {"kind": "opened", "serial": "...", "width": 1280, "height": 720, "fps": 30,
     "matrix": [[fx, 0, cx], [0, fy, cy], [0, 0, 1]],
     "distortion": [k1, k2, p1, p2, k3, k4, k5, k6]}
    {"kind": "frames", "arrays": [{"name": "color", "dtype": "uint8", "shape": [n], "time_us": 7},
     {"name": "depth", "dtype": "uint16", "shape": [720, 1280], "time_us": 7}]}
    {"kind": "failed", "what": "driver|missing|busy|lost", "text": "..."}

Colour is JPEG as the sensor sends it; depth is millimetres laid on the colour picture; times are
of the sensor's clock. It ends when its standard input does.
"""

from __future__ import annotations

import json
import os
import struct
import sys
import threading
import traceback
from typing import Any, BinaryIO

MAGIC = b"HSA1"
TIMEOUT_MS = 1000
SILENT = 5  # timeouts in a row


def send(target: BinaryIO, header: dict[str, Any], arrays: tuple[Any, ...] = ()) -> None:
    text = json.dumps(header).encode("utf-8")
    target.write(MAGIC + struct.pack("<I", len(text)) + text)
    for array in arrays:
        target.write(array.tobytes())
    target.flush()


def fail(target: BinaryIO, what: str, text: str) -> None:
    send(target, {"kind": "failed", "what": what, "text": text})


def find(target: BinaryIO) -> None:
    import pyk4a

    send(target, {"kind": "found", "devices": int(pyk4a.connected_device_count())})


def capture(target: BinaryIO, device: int, resolution: str, fps: str) -> None:
    import pyk4a

    if pyk4a.connected_device_count() <= device:
        fail(target, "missing", f"no device number {device}")
        return
    config = pyk4a.Config(
        color_resolution=pyk4a.ColorResolution["RES_" + resolution],
        color_format=pyk4a.ImageFormat.COLOR_MJPG,
        depth_mode=pyk4a.DepthMode.NFOV_UNBINNED,
        camera_fps=pyk4a.FPS["FPS_" + fps],
        synchronized_images_only=True,
    )
    sensor = pyk4a.PyK4A(config=config, device_id=device)
    try:
        sensor.start()
    except pyk4a.K4AException as error:
        fail(target, "busy", str(error) or "it does not start")
        return
    opened = False
    silent = 0
    while True:
        try:
            taken = sensor.get_capture(timeout=TIMEOUT_MS)
        except pyk4a.K4ATimeoutException:
            silent += 1
            if silent < SILENT:
                continue
            fail(target, "lost", f"no pictures for {SILENT} s")
            return
        except pyk4a.K4AException as error:
            fail(target, "lost", str(error))
            return
        silent = 0
        color, depth = taken.color, taken.transformed_depth
        if color is None or depth is None:
            continue
        if not opened:
            tell_opened(target, sensor, depth.shape, int(fps))
            opened = True
        listed = [
            listing("color", color, taken.color_timestamp_usec),
            listing("depth", depth, taken.depth_timestamp_usec),
        ]
        send(target, {"kind": "frames", "arrays": listed}, (color, depth))


def tell_opened(target: BinaryIO, sensor: Any, shape: Any, fps: int) -> None:
    import pyk4a

    camera = pyk4a.CalibrationType.COLOR
    header = {
        "kind": "opened",
        "serial": sensor.serial,
        "width": int(shape[1]),
        "height": int(shape[0]),
        "fps": fps,
        "matrix": sensor.calibration.get_camera_matrix(camera).tolist(),
        "distortion": sensor.calibration.get_distortion_coefficients(camera).tolist(),
    }
    send(target, header)


def listing(name: str, array: Any, time_us: int) -> dict[str, Any]:
    shape = [int(size) for size in array.shape]
    return {"name": name, "dtype": str(array.dtype), "shape": shape, "time_us": int(time_us)}


def end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os._exit(0)


def main() -> None:
    target = os.fdopen(os.dup(1), "wb")  # the driver's own words go to standard error
    os.dup2(2, 1)
    threading.Thread(target=end_with_input, daemon=True).start()
    code = 0
    try:
        if sys.argv[1] == "find":
            find(target)
        else:
            capture(target, int(sys.argv[2]), sys.argv[3], sys.argv[4])
    except ImportError as error:
        fail(target, "driver", str(error))
    except Exception:  # noqa: BLE001 -- the driver's: the last line of standard error is told
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)  # the thread that reads cannot hold it up


if __name__ == "__main__":
    main()
