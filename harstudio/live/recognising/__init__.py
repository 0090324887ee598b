"""Recognising what live sensors show: windows that end now, what a network says, and since when."""
