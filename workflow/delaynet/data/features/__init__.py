"""From a corpus to the input of the networks, in one HDF5 file."""
