"""What tests of several processes start with torchrun: the tiny network, trained by a payload.

python -m torch.distributed.run --nproc-per-node 2 trained_together.py PAYLOAD.json...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import tiny_network
from harstudio.jobs import foreground

if __name__ == "__main__":
    tiny_network.install()
    for name in sys.argv[1:]:
        payload = json.loads(Path(name).read_text("utf-8"))
        tiny_network.Tiny.most = payload.pop("most", 0)
        foreground.run("harstudio.learning.jobs:train", payload, threads=2)
