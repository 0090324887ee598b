"""A new action from five examples."""
