"""Measuring: metrics, baselines, the pictures to measure on, and a report of all (extra ``eval``).

Methods are run like a user's, through ``colorizer``. Nothing here may import ``train``, ``cli`` or ``web``.
"""
