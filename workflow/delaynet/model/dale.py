"""Dale's principle: a presynaptic unit is excitatory or inhibitory, never both."""

from delaynet.config.grid import RunSettings


def obeys_dale(settings: RunSettings) -> bool:
    """Return whether each presynaptic unit of a run's network has one sign."""
    is_exempt = settings.structure == "dense" and settings.model.dale_when_dense == "not_enforced"
    return settings.signs == "dale" and not is_exempt
