"""``python -m harstudio`` is ``harstudio``."""

from __future__ import annotations

from harstudio.cli import main

if __name__ == "__main__":
    main()
