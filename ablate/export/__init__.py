"""Run folders into trackers of experiments: MLflow, Weights & Biases, trackio, TensorBoard, and Parquet tables. Free of torch."""

from ablate.export.destinations import KINDS, Destination, destinations_of
from ablate.export.exported import ExportedStudy, ExportedTrial
from ablate.export.exporting import Exported, export
from ablate.export.following import Following
from ablate.export.tracker import Tracker

__all__ = [
    "KINDS",
    "Destination",
    "Exported",
    "ExportedStudy",
    "ExportedTrial",
    "Following",
    "Tracker",
    "destinations_of",
    "export",
]
