"""What a run folder keeps: trials, recipes and environments on disk, and reading them again; nothing that judges them."""
