"""What gas flows: density, viscosity and compressibility. SI units, absolute pressures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from network_models.hydraulics.water_check import NetworkError

NORM_PRESSURE = 101_325.0
NORM_TEMPERATURE = 273.15
MOLAR_GAS_CONSTANT = 8.314462618
COMPRESSIBILITY_LAWS = ("constant", "linear", "papay", "aga")


@dataclass(frozen=True)
class GasProperties:
    """A gas at one temperature. The defaults are a high-calorific natural gas at 10 degrees C.

    Parameters
    ----------
    norm_density
        kg/m3 at 0 degrees C and 101,325 Pa; the gas constant follows from it: ``p_n / (T_n norm_density)``.
    temperature
        K, the same everywhere.
    viscosity
        Dynamic, Pa s.
    compressibility
        Law of the factor z: 'constant' (``z``), 'linear' (``z + z_slope p``), 'papay' or 'aga'.
    z, z_slope
        Of the laws 'constant' and 'linear'; 1/Pa.
    critical_pressure, critical_temperature
        Pseudocritical, Pa and K, of the laws 'papay' and 'aga'.

    Raises
    ------
    NetworkError
        A value that is not positive, or a law that is not known.
    """

    norm_density: float = 0.785
    temperature: float = 283.15
    viscosity: float = 1.1e-5
    compressibility: str = "papay"
    z: float = 1.0
    z_slope: float = 0.0
    critical_pressure: float = 45.92934e5
    critical_temperature: float = 188.54976

    def __post_init__(self) -> None:
        for name in ("norm_density", "temperature", "viscosity", "z", "critical_pressure", "critical_temperature"):
            value = getattr(self, name)
            if not (value > 0 and math.isfinite(value)):
                raise NetworkError(f"gas: found {name} = {value}; expected a number above 0")
        if self.compressibility not in COMPRESSIBILITY_LAWS:
            laws = ", ".join(COMPRESSIBILITY_LAWS)
            raise NetworkError(f"gas: found compressibility = {self.compressibility!r}; expected one of {laws}")

    @property
    def gas_constant(self) -> float:
        """Specific gas constant, J/(kg K)."""
        return NORM_PRESSURE / (NORM_TEMPERATURE * self.norm_density)

    @property
    def z_coefficients(self) -> tuple[float, float, float]:
        """Factor z as ``c0 + c1 p + c2 p**2``, p in Pa; every law offered is of this form.

        Papay (1968): ``z = 1 - 3.52 p_r exp(-2.26 T_r) + 0.274 p_r**2 exp(-1.878 T_r)``; American Gas Association:
        ``z = 1 + 0.257 p_r - 0.533 p_r / T_r``; ``p_r`` and ``T_r`` are reduced by the pseudocritical values.
        """
        ratio = self.temperature / self.critical_temperature
        if self.compressibility == "papay":
            first, second = -3.52 * math.exp(-2.26 * ratio), 0.274 * math.exp(-1.878 * ratio)
            return 1.0, first / self.critical_pressure, second / self.critical_pressure**2
        if self.compressibility == "aga":
            return 1.0, (0.257 - 0.533 / ratio) / self.critical_pressure, 0.0
        return self.z, self.z_slope if self.compressibility == "linear" else 0.0, 0.0

    def factor(self, pressure: ArrayLike) -> np.ndarray:
        """Compressibility factor z at absolute pressures in Pa."""
        c0, c1, c2 = self.z_coefficients
        p = np.asarray(pressure, np.float64)
        return c0 + p * (c1 + p * c2)

    def density(self, pressure: ArrayLike) -> np.ndarray:
        """Density in kg/m3 at absolute pressures in Pa."""
        p = np.asarray(pressure, np.float64)
        return p / (self.factor(p) * self.gas_constant * self.temperature)

    def mass_flow(self, norm_cubic_metres_an_hour: ArrayLike) -> np.ndarray:
        """kg/s of a flow in m3/h at norm conditions."""
        return np.asarray(norm_cubic_metres_an_hour, np.float64) * self.norm_density / 3600.0
