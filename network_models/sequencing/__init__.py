"""Which of many works to begin when: closures by maximum flow, list scheduling."""
