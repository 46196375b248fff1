"""The page and the REST API: FastAPI and plain files, no build step (extra ``web``).

Everything that is asked becomes a value of ``edits`` and goes the way of the command line. It may not import ``cli``.
"""
