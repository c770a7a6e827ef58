"""The hlb-CIFAR10 lineage, one file a feature: over its baseline all of them together are release v0.7.0."""
