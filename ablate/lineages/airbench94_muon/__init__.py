"""The Hive's ten features over Keller Jordan's airbench94_muon, one file each; every module with a constant FEATURE is found.

`baseline` is the recipe without them, `lineage` all that is known without torch (names, groups, published ladders), `registry` puts
them together. A feature is one new file here and its line in `lineage`. Only one that needs a slot which the recipe has not got
touches more, and one line in each place while it is off:

- `ablate/parts/`: the slot's class and its parts in the module of what they work on (`augment`, `network`, `optimiser`, …), one of
  them neutral, such as `NoJitter`, which gives back what it is given; and the names in `ablate/parts/__init__.py`;
- `ablate/recipes/muon.py`: a field of the slot's type with the neutral part as its default, so that fingerprints of recipes
  without the feature stay as they are, and no baseline has to name it;
- `ablate/training/muon_loop.py`: the call, where its turn comes, without asking whether it is on;
- `baseline.py`: nothing, unless the baseline's own part is not the neutral one: then a line that says which.
"""
