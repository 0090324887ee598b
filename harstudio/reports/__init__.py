"""Reports: what evaluations found, as pages, figures and tables for people; no torch, no Qt."""
