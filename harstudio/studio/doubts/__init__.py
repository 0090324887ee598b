"""The queue of doubts: clips that somebody flagged to be asked about."""
