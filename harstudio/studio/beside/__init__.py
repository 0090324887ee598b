"""Two clips, networks or classes side by side: one clock, the same panes, both explanations."""
