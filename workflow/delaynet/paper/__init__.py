"""Figures, numbers, the manuscript, and the page."""
