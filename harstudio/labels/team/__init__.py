"""Several people on one project: rules, work shared out, gold labels, progress."""
