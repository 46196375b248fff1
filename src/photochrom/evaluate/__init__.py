"""Measuring: metrics, baselines and the pictures to measure on. Knows nothing of training."""
