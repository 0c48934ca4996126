"""One run of the command line: data and settings, a plan, and what comes of it."""
