"""Sizes of the pipes of a looped network: states, moves and screening over arrays."""
