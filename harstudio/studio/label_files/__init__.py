"""Labels to and from the files of other tools, in the window."""
