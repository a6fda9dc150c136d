"""Words that numbers and figures share; importing them imports no plotting library."""


def percent(sparsity: str) -> str:
    """Return a sparsity as a percentage for reading: '0.9375' gives '93.8'."""
    return f"{100 * float(sparsity):.3g}"
