"""Run folders as files: where things lie in them, and reading them while they grow; no torch."""
