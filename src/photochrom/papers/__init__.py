"""The systems of the five papers compared: trained for the same compute, measured on the same pictures.

The room drives ``train``, ``evaluate`` and the colorizer, and writes docs/papers; nothing but the command line may import it."""
