"""Training of the kernel that spreads hints (:mod:`photochrom.nets.kernel`), for a model that is trained already.

It takes store, sampler and checkpoints from ``train``, and knows the model by its ONNX graphs only. Like all of ``train``, it
may not be imported by what colours a photograph.
"""
