"""What networks propose for the annotator's labels: accepted, changed, rejected by one key each."""
