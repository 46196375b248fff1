"""What a user wants of one photograph, as values: hints, regions, references, palettes, dials, and their files.

Nothing here knows a model, and nothing of ``steering``, ``analysis`` or ``colorizer`` is imported.
"""
