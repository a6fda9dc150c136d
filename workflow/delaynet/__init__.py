"""Spiking networks that learn synaptic delays, by gradient and by structure."""
