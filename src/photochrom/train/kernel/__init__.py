"""Training of the kernel that spreads hints (:mod:`photochrom.nets.kernel`), for a model that is trained already."""
