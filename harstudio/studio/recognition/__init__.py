"""What a run says about the open recording, and what it looked at."""
