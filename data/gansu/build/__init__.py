"""Builds the tables of the reference region Gansu from the facts beside it: ``python -m data.gansu.build``."""
