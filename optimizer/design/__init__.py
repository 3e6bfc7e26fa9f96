"""Cheapest sizes of the pipes of a looped network: search and proof."""
