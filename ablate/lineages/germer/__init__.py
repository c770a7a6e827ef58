"""The lineage of cifar10-fast-simple: what it does otherwise than page with all its features on, one file a feature."""
