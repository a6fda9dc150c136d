"""Defaults of settings that depend on the corpus."""

import json

from delaynet.config.grid import Config, parse_settings
from delaynet.config.settings import SpikeFeatures
from delaynet.data.sources import load_source


def with_defaults_of_source(config: Config) -> Config:
    """Return a user's configuration with the defaults that its corpus's source has.

    Raises:
        UserError: they do not fit the other settings.
    """
    features, highest = config.features, load_source(config.corpus.source).highest_hz
    if highest is None or isinstance(features, SpikeFeatures) or features.highest_hz is not None:
        return config
    resolved = features.model_dump(mode="json") | {"highest_hz": highest}
    parsed = parse_settings(type(features), json.dumps(resolved))
    return config.model_copy(update={"features": parsed})
