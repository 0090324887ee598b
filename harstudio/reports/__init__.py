"""Reports: self-contained pages, figures and tables of evaluations, comparisons and studies.

They are made of the documents that ``harstudio evaluate --json`` and ``compare --json`` print and
of what run folders keep; no network is needed.
"""
