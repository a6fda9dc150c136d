"""The figures: one file a figure, one style. Importing the package imports no plotting library."""
