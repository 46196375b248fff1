"""The systems of the five papers beside one another: trained for the same compute, measured on the same pictures."""
