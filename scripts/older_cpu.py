"""Print the settings, one NAME=VALUE a line, under which the libraries compute as on a processor without AVX-512.

Nothing is printed where the processor has none. NumPy, OpenCV (with Intel's IPP inside it), libvips, PyTorch and the two BLAS
libraries have such settings. ONNX Runtime has none: its kernels always take what the processor offers.
"""

from __future__ import annotations

#: libvips names the instruction sets to leave out by Highway's bits: these are its five with AVX-512.
HIGHWAY_AVX512 = 0b1_1111_0000


def settings(numpy_features: dict[str, bool], numpy_dispatch: list[str], opencv_features: str) -> dict[str, str]:
    """The settings for what NumPy and OpenCV find on this processor; empty where they find no AVX-512."""
    # NumPy refuses to leave out what it has no code for, and what the processor does not have. X86_V4 is AVX-512 since 2.4.
    numpy_names = [
        name for name in numpy_dispatch if ("AVX512" in name or name == "X86_V4") and numpy_features.get(name)
    ]
    opencv_names = [name.strip("*") for name in opencv_features.split() if "AVX512" in name and name.startswith("*")]
    if not numpy_names and not opencv_names:
        return {}
    return {
        "NPY_DISABLE_CPU_FEATURES": " ".join(numpy_names),
        "OPENCV_CPU_DISABLE": ",".join(opencv_names),
        "OPENCV_IPP": "avx2",
        "OPENBLAS_CORETYPE": "Haswell",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "ATEN_CPU_CAPABILITY": "avx2",
        "VIPS_VECTOR": hex(HIGHWAY_AVX512),
    }


def main() -> None:
    """Ask the libraries."""
    import cv2
    import numpy as np

    core = np._core._multiarray_umath if hasattr(np, "_core") else np.core._multiarray_umath
    for name, value in settings(core.__cpu_features__, core.__cpu_dispatch__, cv2.getCPUFeaturesLine()).items():
        if value:
            print(f"{name}={value}")


if __name__ == "__main__":
    main()
