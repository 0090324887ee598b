"""Labelling by keys: everything that can be done to clips and tiers, without a window."""
