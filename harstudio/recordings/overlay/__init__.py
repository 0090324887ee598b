"""Skeletons, explanations and words drawn on the pictures of videos that leave the program."""
