"""Looking on while a study runs: its progress in a terminal or a notebook, its report as trials land. Free of torch."""
