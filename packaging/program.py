"""Where the frozen program starts."""

from __future__ import annotations

import multiprocessing

if __name__ == "__main__":
    multiprocessing.freeze_support()  # before anything else: a child must not start the studio
    from harstudio.cli import main

    main()
