"""The Hive's features, one file each; every module with a constant FEATURE is found."""
