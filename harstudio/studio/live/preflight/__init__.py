"""Whether all is well before visitors come, and where to stand."""
