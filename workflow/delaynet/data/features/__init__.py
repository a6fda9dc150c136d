"""From a corpus to what the networks are given, in one HDF5 file."""
