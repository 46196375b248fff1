"""Training shards from folders and git clones, by a table of sources: what is kept, what is left out, and why.

The room reads and writes pictures only, and must import neither networks nor the training loop.
"""
