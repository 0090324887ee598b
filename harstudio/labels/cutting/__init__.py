"""Labelled clips of a project cut to files, in NTU's or the native layout."""
