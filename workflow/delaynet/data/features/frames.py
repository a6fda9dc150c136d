"""The frames of features: each is a time step of the network."""

from delaynet.config.settings import AnyFeatures, DecibelFeatures, StandardisedFeatures


def step_seconds(settings: AnyFeatures) -> float:
    """Return the time from one frame to the next, in seconds."""
    if isinstance(settings, DecibelFeatures):
        return settings.hop_length / settings.sample_rate
    if isinstance(settings, StandardisedFeatures):
        return settings.hop_seconds
    return settings.bin_seconds
