"""Training of the systems of the five papers: recipes, losses, one Lightning module, export.

It takes store, sampler, checkpoints and recipes' checks from ``train``, and imports nothing of the package ``papers``, which
compares what comes out.
"""
