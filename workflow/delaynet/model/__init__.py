"""Neurons, delays, the network, and its connections."""
