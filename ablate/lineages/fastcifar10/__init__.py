"""The lineage of fastcifar10: cifar10-fast-simple with PyTorch's own optimiser, which its README suspects of the accuracy it lost.

Its code is not public; what else may differ is unknown.
"""
