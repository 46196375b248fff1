"""Networks as torch modules, one file per architecture; only training and export need them (extra ``train``).

The room imports torch, ``color`` and ``errors``. It must import no trainer, no data and no file formats: a network maps tensors
to tensors, and everything around it belongs to ``train``."""
