"""The independent eye: checks plans without the model, the solver or Pyomo."""

from optimizer.verify.audit import audit_region
from optimizer.verify.checker import verify_plan
from optimizer.verify.result import SimulationResult, Verification, Violation

__all__ = ["SimulationResult", "Verification", "Violation", "audit_region", "verify_plan"]
