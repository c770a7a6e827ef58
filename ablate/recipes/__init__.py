"""Recipes and the features that change them: the frozen knobs, registries, and what may fill a field."""
