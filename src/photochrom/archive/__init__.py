"""Batches: a million pictures coloured exactly once, on one computer or a cluster, with proof of what was done.

The manifest (:mod:`.manifest`) is the only truth. A driver (:mod:`.driver`) claims rows, hands them to workers (:mod:`.local`,
:mod:`.cluster`), and commits what became of them; a worker (:mod:`.picture`) reads, colours, checks and publishes one picture.
The room must import neither ``web`` nor ``papers`` nor the command line.
"""
