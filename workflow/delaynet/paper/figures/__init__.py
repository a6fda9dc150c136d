"""The figures: one file a figure, one style. Importing the package imports no plotting library.

In each file, `load` reads what the figure shows, and raises a `UserError` that names what is
missing; `draw` draws it.
"""
