"""Reports: what a run folder shows, for a terminal, a repository, a paper, a program or a browser. Free of torch."""

from ablate.report.caveats import Caveat, list_caveats
from ablate.report.export import TRIAL_COLUMNS, TRIAL_FORMATS, export_trials, trials_table
from ablate.report.headline import headline
from ablate.report.machine import as_json
from ablate.report.terminal import terminal_report
from ablate.report.writing import FORMATS, report, write_bytes, write_reports, write_text
from ablate.stats.evidence import Evidence

__all__ = [
    "FORMATS",
    "TRIAL_COLUMNS",
    "TRIAL_FORMATS",
    "Caveat",
    "Evidence",
    "as_json",
    "export_trials",
    "headline",
    "list_caveats",
    "report",
    "terminal_report",
    "trials_table",
    "write_bytes",
    "write_reports",
    "write_text",
]
