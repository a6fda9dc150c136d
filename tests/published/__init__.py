"""The published code's whole trainings beside ours, and the effect of each departure from it."""
