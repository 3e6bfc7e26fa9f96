"""Linear programmes of a million rows, nearly solved: prices soon."""
