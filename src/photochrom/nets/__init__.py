"""Networks as torch modules, one file per architecture. Only training and export need them (extra ``train``)."""
