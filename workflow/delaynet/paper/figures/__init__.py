"""The figures, one file each. Importing this package imports no plotting library.

In each file, `load` reads what the figure shows, and raises a `UserError` if a file is missing;
`draw` draws it.
"""
