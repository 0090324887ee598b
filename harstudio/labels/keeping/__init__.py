"""Label documents on the disk: journal, saving, locks, versions; nothing is lost."""
