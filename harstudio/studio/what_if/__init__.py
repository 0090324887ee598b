"""What if: take something away from the window under the playhead and see what the run says."""
