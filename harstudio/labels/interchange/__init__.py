"""Label files of other tools: one module a format, each reads, writes and says what it lost."""
