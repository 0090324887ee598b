"""Where the frozen program starts: the studio and its commands, or a worker for its jobs."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # before anything else: a child must not start the studio
    if sys.argv[1:] == ["--worker"]:
        from harstudio.jobs.worker import main
    else:
        from harstudio.cli import main

    main()
