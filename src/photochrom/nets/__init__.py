"""Networks as torch modules, one file per architecture (extra ``train``).

Only training, export and segmentation need them; a photograph is coloured by their ONNX graphs. Nothing here may import
``train``, nor anything that knows of photographs' files.
"""
