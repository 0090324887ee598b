"""Prepared data: what preprocessing reads of every clip, in a folder that is mapped into memory."""
