"""Building blocks of networks, one published idea a module."""
