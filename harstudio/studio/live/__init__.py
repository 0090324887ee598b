"""The workspace Live: a sensor, what it sees, and what a network says at once."""
