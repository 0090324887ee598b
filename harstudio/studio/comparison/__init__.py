"""Runs side by side: curves, figures, classes gained and lost, what their configs differ in."""
