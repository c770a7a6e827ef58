"""What would spoil a measurement on this machine, and the remedy."""

from ablate.doctor.examination import examine
from ablate.doctor.finding import Finding, exit_code, verdict

__all__ = ["Finding", "examine", "exit_code", "verdict"]
