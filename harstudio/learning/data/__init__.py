"""Which clips are learned from, and which part of them trains, validates and tests."""
