"""The manuscript as an HTML page, in which every number and figure links to its chain."""
