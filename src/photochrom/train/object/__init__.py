"""Training of the object head (:mod:`photochrom.nets.object_head`), for an encoder that is finished.

It learns from pictures with label maps, and knows the encoder by its ONNX graph only.
"""
