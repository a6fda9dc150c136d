"""Spoken-digit corpora in the layout of the Heidelberg Digits."""
