"""Several people on one project: policy, assignments, agreement, gold labels, progress."""
