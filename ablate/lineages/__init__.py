"""What ships with the package: one package a lineage, holding its baseline, its features and its groups, and finding registries."""
