"""Steady flow in pipe networks: water and gas. Arrays in, arrays out."""
