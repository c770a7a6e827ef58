"""What ships with the package: one package a lineage, holding its baseline, its features, its groups
and its published ladders, and finding registries."""
