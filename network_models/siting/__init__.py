"""One-period siting: Lagrangian relaxation, local search, transportation. Arrays in, arrays out."""
