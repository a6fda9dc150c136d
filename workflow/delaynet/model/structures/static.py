"""Static: connections drawn at random once and kept."""

from delaynet.model.structures import Structure

STRUCTURE = Structure
