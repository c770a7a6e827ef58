"""Recipes and the features that change them: frozen knobs of any kind, registries, and what may fill a field; never how it is trained."""
