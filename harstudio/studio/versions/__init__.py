"""Earlier versions of the labels: who did what and when, to look at and to restore."""
