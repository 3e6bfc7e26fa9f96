"""Frequency of annual peak discharges: Gumbel, GEV, Pearson III and log-Pearson III.

Pearson III is the standard of Chinese hydrology (SL 44-2006), its parameters written as mean, coefficient of variation
Cv and of skewness Cs. Log-Pearson III is that of Bulletin 17C (England et al. 2019), on log10 of the peaks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, gammaln, ndtr, ndtri

from network_models.flood.errors import FloodError, finite, positive

EULER = 0.5772156649015329
FAMILIES = ("gumbel", "gev", "pearson3", "log_pearson3")
NO_SKEW = 1e-6


@dataclass(frozen=True)
class PeakFrequency:
    """Distribution of the annual peak.

    Parameters
    ----------
    family
        One of ``FAMILIES``.
    location, scale, shape
        gumbel, gev: location and scale in m3/s, shape k of Hosking (k < 0 has the heavy tail; 0 is Gumbel);
        pearson3: mean and standard deviation in m3/s, skewness Cs; log_pearson3: the same of log10 of the peaks.
    """

    family: str
    location: float
    scale: float
    shape: float = 0.0

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise FloodError(f"family: found {self.family!r}; expected one of {', '.join(FAMILIES)}")
        positive(self.scale, "scale")

    def quantile(self, return_period: ArrayLike) -> np.ndarray:
        """Peak exceeded once in so many years on average, m3/s.

        Raises
        ------
        FloodError
            A return period of one year or less.
        """
        period = np.asarray(return_period, np.float64)
        if not (period > 1).all():
            raise FloodError(f"return_period: found {period.min():g}; expected more than 1 year")
        p = 1.0 / period
        if self.family in ("gumbel", "gev"):
            return self.location + self.scale * _gev_variate(p, self.shape)
        value = self.location + self.scale * pearson3_factor(p, self.shape)
        return np.power(10.0, value) if self.family == "log_pearson3" else value

    def exceedance(self, discharge: ArrayLike) -> np.ndarray:
        """Probability that the peak of a year is above a discharge."""
        q = np.asarray(discharge, np.float64)
        if self.family == "log_pearson3":
            with np.errstate(divide="ignore"):
                q = np.log10(np.maximum(q, 0.0))
        y = (q - self.location) / self.scale
        return (
            _gev_exceedance(y, self.shape) if self.family in ("gumbel", "gev") else _pearson3_exceedance(y, self.shape)
        )


def pearson3(mean: float, cv: float, cs: float) -> PeakFrequency:
    """Pearson III by the parameters of SL 44: x_p = mean (1 + Cv phi_p)."""
    return PeakFrequency("pearson3", mean, positive(mean, "mean") * positive(cv, "cv"), cs)


def pearson3_factor(exceedance: ArrayLike, cs: float) -> np.ndarray:
    """Frequency factor phi_p of Pearson III: the standardised variate, from the incomplete gamma function."""
    p = np.asarray(exceedance, np.float64)
    if abs(cs) < NO_SKEW:
        return -ndtri(p)
    a = 4.0 / cs**2
    gamma = gammainccinv(a, p) if cs > 0 else gammaincinv(a, p)
    return 0.5 * cs * (gamma - a)


def _pearson3_exceedance(y: np.ndarray, cs: float) -> np.ndarray:
    if abs(cs) < NO_SKEW:
        return ndtr(-y)
    a = 4.0 / cs**2
    gamma = np.maximum(2.0 * y / cs + a, 0.0)
    return gammaincc(a, gamma) if cs > 0 else gammainc(a, gamma)


def _gev_variate(p: np.ndarray, k: float) -> np.ndarray:
    reduced = -np.log1p(-p)
    return -np.log(reduced) if k == 0 else -np.expm1(k * np.log(reduced)) / k


def _gev_exceedance(y: np.ndarray, k: float) -> np.ndarray:
    if k == 0:
        return -np.expm1(-np.exp(-y))
    with np.errstate(divide="ignore"):
        reduced = np.exp(np.log(np.maximum(1.0 - k * y, 0.0)) / k)
    return -np.expm1(-reduced)


def fit_moments(peaks: ArrayLike, family: str) -> PeakFrequency:
    """Fit by moments (skewness corrected for bias, as in Bulletin 17C); GEV is fitted by ``fit_l_moments`` only."""
    x = _sample(peaks, family)
    mean, deviation, n = float(x.mean()), float(x.std(ddof=1)), len(x)
    if family == "gumbel":
        scale = deviation * math.sqrt(6.0) / math.pi
        return PeakFrequency(family, mean - EULER * scale, scale)
    if family == "gev":
        raise FloodError("family: found 'gev'; expected a family with closed moments. Use fit_l_moments.")
    skew = n / ((n - 1) * (n - 2)) * float((((x - mean) / deviation) ** 3).sum())
    return PeakFrequency(family, mean, deviation, skew)


def fit_l_moments(peaks: ArrayLike, family: str) -> PeakFrequency:
    """Fit by L-moments (Hosking 1990; Hosking and Wallis 1997, appendix A)."""
    x = _sample(peaks, family)
    first, second, ratio = l_moments(x)
    if family == "gumbel":
        scale = second / math.log(2.0)
        return PeakFrequency(family, first - EULER * scale, scale)
    if family == "gev":
        return _gev_of(first, second, ratio)
    return _pearson3_of(first, second, ratio, family)


def l_moments(sample: ArrayLike) -> tuple[float, float, float]:
    """First and second L-moment and the L-skewness of a sample, unbiased."""
    x = np.sort(finite(sample, "peaks", at_least=3))
    n, j = len(x), np.arange(len(x))
    b0 = x.mean()
    b1 = (j / (n - 1) * x).mean()
    b2 = (j * (j - 1) / ((n - 1) * (n - 2)) * x).mean()
    second = 2.0 * b1 - b0
    return float(b0), float(second), float((6.0 * b2 - 6.0 * b1 + b0) / second)


def _sample(peaks: ArrayLike, family: str) -> np.ndarray:
    x = finite(peaks, "peaks", at_least=3)
    if np.ptp(x) == 0:
        raise FloodError("peaks: found one value only; expected peaks that vary")
    if family != "log_pearson3":
        return x
    if x.min() <= 0:
        raise FloodError(f"peaks: found {x.min():g}; expected peaks above 0 for their logarithm")
    return np.log10(x)


def _gev_of(first: float, second: float, ratio: float) -> PeakFrequency:
    c = 2.0 / (3.0 + ratio) - math.log(2.0) / math.log(3.0)
    k = 7.8590 * c + 2.9554 * c * c
    gamma = math.exp(float(gammaln(1.0 + k)))
    scale = second * k / ((1.0 - 2.0**-k) * gamma)
    return PeakFrequency("gev", first - scale * (1.0 - gamma) / k, scale, k)


def _pearson3_of(first: float, second: float, ratio: float, family: str) -> PeakFrequency:
    size = abs(ratio)
    if size < 1.0 / 3.0:
        z = 3.0 * math.pi * ratio**2
        a = (1.0 + 0.2906 * z) / (z + 0.1882 * z**2 + 0.0442 * z**3) if z > 0 else math.inf
    else:
        z = 1.0 - size
        a = (0.36067 * z - 0.59567 * z**2 + 0.25361 * z**3) / (1.0 - 2.78861 * z + 2.56096 * z**2 - 0.77045 * z**3)
    if math.isinf(a) or a > 4.0 / NO_SKEW**2:
        return PeakFrequency(family, first, second * math.sqrt(math.pi), 0.0)
    deviation = second * math.sqrt(math.pi * a) * math.exp(float(gammaln(a) - gammaln(a + 0.5)))
    return PeakFrequency(family, first, deviation, math.copysign(2.0 / math.sqrt(a), ratio))
