"""Floods: frequency, routing through a river tree, stage, damage and expected annual damage. Pure arrays, SI units."""
