"""What is to be live: a source, a run, a few of its labels."""
