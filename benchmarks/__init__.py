"""Published instances and timings; not installed with the package."""
