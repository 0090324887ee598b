"""The recorder: every frame of a live session into a native recording, and what was before it."""
