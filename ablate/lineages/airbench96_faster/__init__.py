"""The airbench96_faster lineage: airbench96 trained on half of each batch, chosen by a small network, one file a feature.

All features on are the script as published, which never freezes the first layer's bias (`unfrozen_bias`), since it compares an epoch
with a step. The script's clock leaves out the first batch of each epoch's window; ours leaves out nothing.
"""
