"""Depth cameras, each by its own driver."""
