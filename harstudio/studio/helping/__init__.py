"""Labelling with help: a network suggests, a person says yes or no, and it learns from that."""
