"""Measures of movement over clips, for rehabilitation and sport: angles, speed, repetitions."""
