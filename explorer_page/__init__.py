"""The parts of the explorer page, and how they become one file."""
