"""Regions: tables with units and provenance, read, checked, and begun from a template."""

from optimizer.region.model import Region
from optimizer.region.provenance import provenance_shares
from optimizer.region.reading import default_region_path, read_region
from optimizer.region.schema import Schema, load_schema
from optimizer.region.template import write_template

__all__ = [
    "Region",
    "Schema",
    "default_region_path",
    "load_schema",
    "provenance_shares",
    "read_region",
    "write_template",
]
