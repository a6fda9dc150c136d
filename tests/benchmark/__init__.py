"""How fast training and evaluation are, beside what one would run instead: `make benchmark`."""
