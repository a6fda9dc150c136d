"""From recordings to features, tensors and splits."""
