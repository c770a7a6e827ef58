"""The airbench95 lineage: airbench94 made wider and trained for 15 epochs, one file a feature.

The baseline lacks what is a feature here; all features on are airbench95 as its script has it.
"""
