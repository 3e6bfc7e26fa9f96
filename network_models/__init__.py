"""Network evaluation: pure arrays in, arrays out. Imports nothing of ``optimizer``; Numba is imported when first used."""
