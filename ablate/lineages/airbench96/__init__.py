"""The airbench96 lineage: airbench94 at 37 epochs made wider and deeper, with stronger augmentation, one file a feature.

All features on are airbench96 as its script has it. As published, its running statistics have PyTorch's default momentum
(`slow_norms`), and the last step is discarded by lookahead's last average.
"""
