"""Programs for another Python, where a driver needs one: they import nothing of HARStudio."""
