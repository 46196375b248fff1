"""How close a colourisation is to the truth, and how colourful it is.

Pictures are sRGB uint8 (h, w, 3); ab fields are float (..., 2) and L*a*b* float (..., 3), both CIE D65 in their natural
units. Truth comes first, the result second; they must have the same shape, or InvalidPixelsError is raised.
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color import BIN_SIZE, GRID_REACH, ab_bins, bin_of_cell
from photochrom.errors import InvalidPixelsError

__all__ = [
    "AUC_AREA",
    "AUC_LIMIT",
    "PSNR_CEILING",
    "auc",
    "auc_rebalanced",
    "ciede2000",
    "colourfulness",
    "colourfulness_abs",
    "decibels",
    "distance_counts",
    "entropy",
    "image_matching_error",
    "keras_accuracy",
    "mae_ab",
    "mse",
    "nearest_bin",
    "psnr",
    "psnr_ab",
    "ssim",
]

#: The largest ab distance of the AuC, in ab units (Zhang 2016).
AUC_LIMIT = 150
#: What a pixel of each column of :func:`distance_counts` adds to the area under its bin's curve, in percent: (152,). All of it
#: at distance 0, then less with every threshold that it misses, by the trapezoid rule, and nothing beyond the limit.
AUC_AREA = np.clip(AUC_LIMIT + 0.5 - np.arange(AUC_LIMIT + 2), 0, AUC_LIMIT) * 100 / AUC_LIMIT
#: What an exact copy counts for in a mean of PSNRs, in dB: one grey picture must not make the mean infinite.
PSNR_CEILING = 100.0


def _pair(truth: Any, result: Any, channels: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both arrays, checked: equal shapes (..., channels), not empty, finite; uint8 and float32 as they are, else float64."""
    kind = getattr(truth, "dtype", None)
    if kind not in (np.uint8, np.float32) or getattr(result, "dtype", None) != kind:
        kind = np.float64
    pair = np.asarray(truth, kind), np.asarray(result, kind)
    if pair[0].shape != pair[1].shape or pair[0].shape[-1:] != (channels,) or not pair[0].size:
        raise InvalidPixelsError(
            f"truth has shape {pair[0].shape} and result {pair[1].shape}; expected two equal shapes (..., {channels})"
        )
    if kind != np.uint8 and not all(np.isfinite(array).all() for array in pair):
        raise InvalidPixelsError("truth or result holds NaN or infinity")
    return pair


def mse(truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Mean squared error over R, G and B together, sRGB uint8 (h, w, 3), from 0 to 255^2; lower is better.

    mean((truth - result)^2). Source: the definition; Srivastava's table 1 and the MSE inside its PSNR agree with it.

    >>> mse(np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 9, np.uint8))
    81.0
    """
    return _mean_norm(*_pair(truth, result, 3), cv2.NORM_L2SQR)


def _mean_norm(first: NDArray[Any], second: NDArray[Any], norm: int) -> float:
    """Mean over all numbers of what ``norm`` sums up in float64, in one pass: squared or absolute differences."""
    return float(cv2.norm(first.reshape(-1), second.reshape(-1), norm)) / first.size


def image_matching_error(truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Srivastava's "image matching error", as far as its words fix it: sRGB uint8 (h, w, 3), from 0; lower is better.

    Mean over pixels of the sum over R, G and B of max(truth - result, 0)^2. The paper prints no formula, only that it
    "employs saturation to calculate the error, whereas MSE uses standard subtraction": a saturating 8-bit subtraction leaves
    what the result lacks. The ratio to the MSE is then between 0 and 3, 1.5 for errors of either sign alike; the
    paper's ten pictures have 1.2 to 2.3.

    >>> image_matching_error(np.full((2, 2, 3), 9, np.uint8), np.full((2, 2, 3), [7, 9, 200], np.uint8))
    4.0
    """
    first, second = _pair(truth, result, 3)
    return 3 * _mean_norm(np.maximum(first, second), second, cv2.NORM_L2SQR)


def ssim(truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Structural similarity of sRGB uint8 (h, w, 3), the mean of the three channels', -1 to 1; higher is better.

    Mean of (2 mx my + C1)(2 sxy + C2) / ((mx^2 + my^2 + C1)(sx^2 + sy^2 + C2)), with means, variances and covariance under
    a Gaussian window of sigma 1.5, 11 pixels wide, C1 = (0.01 255)^2, C2 = (0.03 255)^2, windows inside the picture
    only. Source: Wang, Bovik, Sheikh, Simoncelli 2004. Both sides must be at least 11 pixels. Since lightness is kept, it is
    high even for a grey picture.

    >>> ssim(np.full((16, 16, 3), 80, np.uint8), np.full((16, 16, 3), 80, np.uint8))
    1.0
    """
    x, y = _pair(truth, result, 3)
    if min(x.shape[:2]) < 11:
        raise InvalidPixelsError(f"pictures of {x.shape[1]} x {x.shape[0]} pixels; SSIM needs 11 or more a side")
    x, y = (picture.astype(np.result_type(picture, np.float32), copy=False) for picture in (x, y))

    def windowed(plane: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(cv2.GaussianBlur(plane, (11, 11), 1.5), plane.dtype)[5:-5, 5:-5]

    # Variances are those of x - 128, too, and float32 loses less of small numbers.
    x, y = x - 128, y - 128
    mean_x, mean_y = windowed(x), windowed(y)
    # only the sum of the two variances is needed
    variances = windowed(x * x + y * y) - (mean_x**2 + mean_y**2)
    covariance = windowed(x * y) - mean_x * mean_y
    mean_x, mean_y = mean_x + 128, mean_y + 128
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    upper = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(upper / ((mean_x**2 + mean_y**2 + c1) * (variances + c2)), dtype=np.float64))


def entropy(pixels: NDArray[np.uint8]) -> float:
    """Shannon entropy of the values of a picture, uint8 of any shape, in bits, 0 to 8. Neither high nor low is better.

    -sum p log2 p over the histogram of the 256 values, all channels in one histogram (as MATLAB's ``entropy``, which
    Srivastava's figure 4 describes).

    >>> entropy(np.array([[0, 0, 255, 255]], np.uint8))
    1.0
    """
    share = np.bincount(np.asarray(pixels, np.uint8).ravel(), minlength=256) / max(1, np.size(pixels))
    share = share[share > 0]
    return float(-(share * np.log2(share)).sum()) + 0.0


def keras_accuracy(truth_ab: NDArray[Any], result_ab: NDArray[Any]) -> float:
    """What Keras calls "accuracy" for a network that predicts a* and b*: float (..., 2), 0 to 1; higher is better.

    Share of pixels in which the same one of the two channels is the larger (a* where they are equal): Keras takes the last
    axis for classes and compares the argmax. Colourify, Zaman and Robles print it; a grey picture has some, too.

    >>> keras_accuracy(np.array([[9.0, 1.0], [5.0, 7.0]]), np.array([[0.2, 0.1], [0.2, 0.1]]))
    0.5
    """
    truth, result = _pair(truth_ab, result_ab, 2)
    return float(np.mean((truth[..., 0] >= truth[..., 1]) == (result[..., 0] >= result[..., 1])))


def decibels(error: float) -> float:
    """Peak signal-to-noise ratio in dB of a mean squared error, from 0, at a peak of 255; infinite for 0.

    >>> decibels(255.0**2)
    0.0
    """
    return 10 * math.log10(255**2 / error) if error else math.inf


def psnr(truth: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Peak signal-to-noise ratio over R, G and B together, in dB; higher is better, infinite for an exact copy.

    10 log10(255^2 / mean((truth - result)^2)), the mean over all pixels and channels of sRGB uint8 (h, w, 3).
    Source: the definition; it is what colourisation papers print, whose protocols differ.

    >>> black, dark = np.zeros((2, 2, 3), np.uint8), np.full((2, 2, 3), 51, np.uint8)
    >>> round(psnr(black, dark), 2)  # an error of a fifth: 20 log10(5)
    13.98
    """
    return decibels(_mean_norm(*_pair(truth, result, 3), cv2.NORM_L2SQR))


def psnr_ab(truth_ab: NDArray[Any], result_ab: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio of a* and b* alone, in dB; higher is better, infinite for an exact copy.

    10 log10(255^2 / mean((truth - result)^2)) over float (..., 2). The peak is 255 because that is the range of the two
    chroma channels in 8-bit Lab, where one step is one ab unit (OpenCV); papers that use another peak P differ by the
    constant 20 log10(P / 255).

    >>> psnr_ab(np.zeros((2, 2, 2)), np.full((2, 2, 2), 25.5))
    20.0
    """
    return decibels(_mean_norm(*_pair(truth_ab, result_ab, 2), cv2.NORM_L2SQR))


def mae_ab(truth_ab: NDArray[Any], result_ab: NDArray[Any]) -> float:
    """Mean absolute error of a* and b*, in ab units, from 0; lower is better.

    mean(|truth - result|) over all pixels and both channels of float (..., 2). Source: the definition.

    >>> mae_ab(np.zeros((1, 2, 2)), np.array([[[3.0, 0.0], [0.0, -5.0]]]))
    2.0
    """
    return _mean_norm(*_pair(truth_ab, result_ab, 2), cv2.NORM_L1)


def ciede2000(truth_lab: NDArray[Any], result_lab: NDArray[Any]) -> NDArray[Any]:
    """CIEDE2000 colour difference of every pixel: L*a*b* (..., 3) twice -> (...) float, from 0; lower is better.

    sqrt((dL'/SL)^2 + (dC'/SC)^2 + (dH'/SH)^2 + RT (dC'/SC)(dH'/SH)) with kL = kC = kH = 1. About 1 is just noticeable.
    Source: CIE 142-2001 in the notation of Sharma, Wu, Dalal 2005, whose rules for hues of grey colours are followed.

    >>> ciede2000(np.array([50.0, 2.6772, -79.7751]), np.array([50.0, 0.0, -82.7485])).round(4)
    np.float64(2.0425)
    """
    truth, result = _pair(truth_lab, result_lab, 3)
    (light1, a1, b1), (light2, a2, b2) = (np.ascontiguousarray(lab.reshape(-1, 3).T) for lab in (truth, result))
    # a* is stretched near the grey axis
    stretch = 1.5 - 0.5 * _chroma_share((_length(a1, b1) + _length(a2, b2)) / 2)
    a1, a2 = stretch * a1, stretch * a2
    chroma1, chroma2 = _length(a1, b1), _length(a2, b2)
    hue1, hue2 = _hue(a1, b1, chroma1), _hue(a2, b2, chroma2)

    # From one hue to the other the shorter way round; half a turn, up to rounding, keeps its sign (Sharma's rules).
    turn = hue2 - hue1
    half = turn / 2 - math.pi * np.rint(turn * ((1 - 1e-6) / (2 * math.pi)))
    d_light, d_chroma = light2 - light1, chroma2 - chroma1
    d_hue = 2 * np.sqrt(chroma1 * chroma2) * np.sin(half)

    # Where one is grey, any hue would do: d_hue is 0.
    light, chroma, hue = (light1 + light2) / 2, (chroma1 + chroma2) / 2, hue1 + half
    tone: Any = 1.0
    for weight, times, phase in ((-0.17, 1, -30), (0.24, 2, 0), (0.32, 3, 6), (-0.20, 4, -63)):
        tone = tone + weight * np.cos(times * hue + math.radians(phase))

    middle = (light - 50) ** 2
    in_light = d_light / (1 + 0.015 * middle / np.sqrt(20 + middle))
    in_chroma = d_chroma / (1 + 0.045 * chroma)
    in_hue = d_hue / (1 + 0.015 * chroma * tone)
    from_blue = hue * (180 / math.pi) - 360 * np.floor(hue / (2 * math.pi)) - 275
    blue = math.radians(60) * np.exp(-((from_blue / 25) ** 2))
    rotation = -2 * _chroma_share(chroma) * np.sin(blue)
    total = in_light**2 + in_chroma**2 + in_hue**2 + rotation * in_chroma * in_hue
    return np.asarray(np.sqrt(np.maximum(total, 0))).reshape(truth.shape[:-1])


def _hue(a: NDArray[Any], b: NDArray[Any], chroma: NDArray[Any]) -> NDArray[Any]:
    """The hue angle in radians, 0 to 2 pi, of colours (n,) of this chroma; 0 for grey.

    OpenCV's angle is right to 0.01 degrees, and one step of Newton's method makes it exact in a third of the time of arctan2.
    """
    rough: Any = cv2.phase(a, b).reshape(a.shape)
    return np.asarray(rough + (b * np.cos(rough) - a * np.sin(rough)) / np.maximum(chroma, np.finfo(a.dtype).tiny))


def _length(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(np.sqrt(a * a + b * b))  # np.hypot, which fears overflow, takes eight times as long


def _chroma_share(chroma: NDArray[Any]) -> NDArray[Any]:
    """sqrt(C^7 / (C^7 + 25^7)), which CIEDE2000 uses twice."""
    cube = chroma * chroma * chroma
    power = cube * cube * chroma  # six times as fast as chroma**7
    return np.asarray(np.sqrt(power / (power + 25.0**7)))


def nearest_bin(ab: NDArray[Any]) -> NDArray[np.int64]:
    """The index of the ab bin of :func:`photochrom.color.ab_bins` that each colour falls into: float (..., 2) -> (...)."""
    cells = np.clip(np.rint(ab / BIN_SIZE), -GRID_REACH, GRID_REACH) + GRID_REACH
    index = (cells[..., 0] * len(bin_of_cell()) + cells[..., 1]).astype(np.intp)
    return np.asarray(np.take(bin_of_cell(), index))


def distance_counts(
    truth_ab: NDArray[Any], result_ab: NDArray[Any], bins: NDArray[np.int64] | None = None
) -> NDArray[np.int64]:
    """How many pixels of each true ab bin lie how far from the truth: float (..., 2) twice -> (261, 152) int64.

    Column t counts the pixels whose ab distance d has ceil(d) = t, so columns 0..t hold the pixels within t; column 151
    is for what is farther. The rows are :func:`photochrom.color.ab_bins`, a pixel's bin the nearest to its true ab.
    Tables of several pictures may be added: that is how the AuC of a whole set is kept in little memory. ``bins``: what
    :func:`nearest_bin` gives for the truth, where it is known already.

    >>> counts = distance_counts(np.zeros((1, 3, 2)), np.array([[[0, 0], [0, 1.5], [120, 120]]]))
    >>> counts.shape, np.flatnonzero(counts.sum(axis=0)).tolist()
    ((261, 152), [0, 2, 151])
    """
    truth, result = _pair(truth_ab, result_ab, 2)
    bins = nearest_bin(truth) if bins is None else bins
    distance = np.minimum(np.ceil(_length(*np.moveaxis(truth - result, -1, 0))), AUC_LIMIT + 1).astype(np.int64)
    shape = len(ab_bins()), AUC_LIMIT + 2
    return np.bincount((bins * shape[1] + distance).ravel(), minlength=shape[0] * shape[1]).reshape(shape)


def _area(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Area in percent under the cumulative share of each row of distance counts (..., 152), by the trapezoid rule."""
    return np.asarray(counts @ AUC_AREA / np.sum(counts, axis=-1))


def auc(counts: NDArray[Any]) -> float:
    """Raw AuC in percent, from :func:`distance_counts`; 0..100, higher is better.

    For each threshold t = 0, 1, ... 150 the share of pixels whose ab distance to the truth is at most t; the area under
    this curve by the trapezoid rule, divided by 150. Source: Zhang, Isola, Efros 2016, section 3.1; table 1 prints 89.1
    for grey on ImageNet.

    >>> round(auc(distance_counts(np.zeros((4, 4, 2)), np.full((4, 4, 2), [30.0, 0.0]))), 2)  # about 1 - 30 / 150
    80.33
    """
    return float(_area(np.asarray(counts).sum(axis=0)))


def auc_rebalanced(counts: NDArray[Any]) -> float:
    """Class-rebalanced AuC in percent, from :func:`distance_counts` of a whole set; 0..100, higher is better.

    As :func:`auc`, but every pixel weighs 1 / p(q), p(q) the frequency of its true ab bin q. Here p is counted on the
    measured set itself, over all pixels of all its pictures and without smoothing, so that the weighted share is the
    plain mean, over the bins that occur, of the share within each bin. Zhang 2016 (section 3.1, equation 4 with lambda
    = 0; grey on ImageNet: 58.0) takes p from ImageNet's training pictures, over 313 bins and smoothed. A small set has
    few of the most colourful bins, which raises the figure: compare only figures of the same set and rule.

    >>> truth = np.zeros((1, 4, 2)); truth[0, 0] = 60.0  # one colourful pixel beside three grey ones
    >>> counts = distance_counts(truth, np.zeros((1, 4, 2)))
    >>> round(auc_rebalanced(counts), 2)  # the mean of nearly 100 and about 1 - 84.9 / 150
    71.83
    """
    counts = np.asarray(counts)
    return float(_area(counts[counts.sum(axis=1) > 0]).mean())


def _opponents(rgb: NDArray[np.uint8]) -> tuple[NDArray[Any], NDArray[Any]]:
    red, green, blue = (np.asarray(plane, np.float32) for plane in np.moveaxis(_pair(rgb, rgb, 3)[0], -1, 0))
    return red - green, (red + green) / 2 - blue  # float32 holds them exactly


def _spread_and_mean(red_green: NDArray[Any], yellow_blue: NDArray[Any]) -> float:
    means, deviations = zip(*(cv2.meanStdDev(plane) for plane in (red_green, yellow_blue)), strict=True)  # in float64
    return float(np.linalg.norm(deviations) + 0.3 * np.linalg.norm(means))


def colourfulness(rgb: NDArray[np.uint8]) -> float:
    """Colourfulness M3 of Hasler and Suesstrunk 2003: sRGB uint8 (h, w, 3) -> 0 (grey) upwards.

    sqrt(std(rg)^2 + std(yb)^2) + 0.3 sqrt(mean(rg)^2 + mean(yb)^2), rg = R - G and yb = (R + G) / 2 - B, with their
    signs. The paper's viewers call 15 "slightly", 33 "moderately", 59 "quite" and 82 "highly" colourful. Neither high
    nor low is better: compare with the truth's.

    >>> round(colourfulness(np.full((2, 2, 3), [255, 0, 0], np.uint8)), 2)  # one flat red: 0.3 x 255 x sqrt(1 + 1/4)
    85.53
    """
    return _spread_and_mean(*_opponents(rgb))


def colourfulness_abs(rgb: NDArray[np.uint8]) -> float:
    """Colourfulness as CT2, DDColor and others print it: rg and yb of :func:`colourfulness` without their signs.

    sRGB uint8 (h, w, 3) -> 0 (grey) upwards. It calls a picture with opposite colours less colourful than M3 does.

    >>> halves = np.zeros((1, 2, 3), np.uint8); halves[0, 0, 0] = halves[0, 1, 1] = 255  # red beside green
    >>> round(colourfulness(halves), 2), round(colourfulness_abs(halves), 2)
    (293.25, 85.53)
    """
    red_green, yellow_blue = _opponents(rgb)
    return _spread_and_mean(np.abs(red_green), np.abs(yellow_blue))
