"""What a trained network says about recordings, and what it looked at."""
