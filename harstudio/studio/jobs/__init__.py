"""Long work beside the window, as the studio sees it: Qt signals, the panel and its place in the
status line."""
