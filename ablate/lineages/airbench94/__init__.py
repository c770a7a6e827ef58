"""The airbench94 lineage: the paper's ladder from a plain network at 45 epochs to 9.9 (arXiv:2404.00498), one file a feature.

`baseline` is the plain network, `lineage` all that is known without torch (names, groups, what was published), `registry` puts them
together. All features on are airbench94 as its script has it; `short_run` is its length, which the others' gains are traded for. As
published, lookahead discards the steps after its last average, and averages from before the whitening. A feature that needs a slot
which `SgdRecipe` has not got goes where `ablate.lineages.airbench94_muon` says, with `recipes/sgd.py` and `training/sgd_loop.py` in
place of the Muon family's.
"""
