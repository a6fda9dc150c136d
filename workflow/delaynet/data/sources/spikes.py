"""The Spiking Heidelberg Digits, under an earlier name; see `shd`."""

from delaynet.data.sources.shd import SOURCE as SOURCE
