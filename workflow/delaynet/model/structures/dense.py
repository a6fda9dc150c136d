"""Dense: every connection, at sparsity 0."""

from delaynet.model.structures import Structure

STRUCTURE = Structure
