"""Where fits meet: threads, processes, and who waits for whom."""
