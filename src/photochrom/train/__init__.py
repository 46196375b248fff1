"""Training: data, hint simulation, losses, the Lightning module, recipes and export (extra ``train``)."""
