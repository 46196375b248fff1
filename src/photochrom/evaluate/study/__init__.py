"""Studies with people: which colours look more natural, and which are taken for real. Knows nothing of the page.

``create`` makes a study's folder, ``plan`` deals its pairs to participants, ``store`` keeps what they answer, and ``report``
reads it with the formulas of ``stats``. Nothing here may import ``web``.
"""
