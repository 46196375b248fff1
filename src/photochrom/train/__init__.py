"""Training of the default model: pictures into a store, crops, hints, losses, checkpoints, and export to ONNX (extra ``train``).

``papers`` and ``kernel`` train other networks by the same parts. Nothing here may import ``cli``, ``web``, ``papers`` or
``evaluate``, nor be imported by what colours a photograph.
"""
