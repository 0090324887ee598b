"""The editor of a project's label set."""
