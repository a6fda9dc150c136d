"""The manuscript as an HTML page, in which every number and figure leads to its chain."""
