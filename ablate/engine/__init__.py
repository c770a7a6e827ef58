"""Running a study trial by trial, in this process or in children, and foretelling it. It sees trainers by protocol, never torch."""
