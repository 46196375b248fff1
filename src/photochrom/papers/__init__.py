"""The systems of the five papers beside one another: trained for the same compute, measured on the same pictures.

It uses ``train`` and ``evaluate`` and has the claims, tables and charts of its own. It may not import ``cli`` or ``web``.
"""
