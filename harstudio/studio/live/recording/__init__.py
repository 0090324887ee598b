"""Recording what is live, with the microphone and labels by key."""
