"""The Spiking Heidelberg Digits: the published spikes, in the user's folder.

Source: Cramer et al. 2020, "The Heidelberg Spiking Data Sets", doi 10.1109/TNNLS.2020.3044364.
"""

from delaynet.data.sources.spikes import SOURCE as SOURCE
