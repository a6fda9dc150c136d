"""Settings as typed fields, the grid, errors, and files that are never half-written."""
