"""Receptive fields of hidden neurons, and whether excitation and inhibition are grouped in them."""
