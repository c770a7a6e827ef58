"""The ResNet-18 lineage: the standard training that airbench96 is compared with, one file a feature.

All features on are the 200-epoch training with cutout and multi-crop test-time augmentation; what the script did not do is optional.
"""
