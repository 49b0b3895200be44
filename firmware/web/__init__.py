"""The page, in a process of its own."""
