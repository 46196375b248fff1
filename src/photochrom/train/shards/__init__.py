"""Training shards from folders and git clones, by a table of sources: what is kept, what is left out, and why."""
