"""Pose: the joints of people in colour pictures, where the sensor gives no skeleton."""
