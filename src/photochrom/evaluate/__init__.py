"""Measuring: metrics, baselines, the pictures to measure on, and `photochrom evaluate` and `photochrom study` on top of them.

The room may import the colorizer and everything below it; it must import neither training nor the web server. torch is imported
only where an extra metric needs it (``judges``, ``perceptual``, ``distances``)."""
