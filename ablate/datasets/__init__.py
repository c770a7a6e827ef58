"""Image sets: found by name, brought in, made, and known by the digest of their content."""

from ablate.datasets.catalogue import fetch, import_dataset, installed, load, resolve
from ablate.datasets.dataset import Dataset, Progress, content_digest, no_progress
from ablate.datasets.home import Entry, data_home

__all__ = [
    "Dataset",
    "Entry",
    "Progress",
    "content_digest",
    "data_home",
    "fetch",
    "import_dataset",
    "installed",
    "load",
    "no_progress",
    "resolve",
]
