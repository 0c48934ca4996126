"""Training: batches, seeds, devices, and the skorch net that runs the epochs."""
