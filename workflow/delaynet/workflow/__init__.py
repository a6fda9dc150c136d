"""What the Snakefile uses: names, plan, estimates, cluster, verification, progress lines."""
