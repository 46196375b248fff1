"""Training of the systems of the five papers: recipes, losses, one Lightning module, export."""
