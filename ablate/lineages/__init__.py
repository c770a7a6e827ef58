"""What ships with the package: one package a lineage, holding its baseline, its features, its groups and its published ladders,
and finding registries by name, file or entry point.
"""

from ablate.lineages.lineage import Lineage, Outline
from ablate.lineages.lookup import find_lineage, lineage_names, lineages
from ablate.lineages.records import RECORDS, Record

__all__ = ["RECORDS", "Lineage", "Outline", "Record", "find_lineage", "lineage_names", "lineages"]
