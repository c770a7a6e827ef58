"""The Hive's ten features over Keller Jordan's airbench94_muon, one file each; every module with a constant FEATURE is found."""
