"""Edits of label documents as data, and what a person does as edits."""
