"""What the Snakefile asks: names, plan, estimates, cluster, verification, progress lines."""
