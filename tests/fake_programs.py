"""Executables for a test's PATH: a stand-in nvidia-smi and the like, each a small shell script."""

from pathlib import Path


def install(folder: Path, name: str, script: str) -> Path:
    """Write an executable shell script; put its folder on the PATH to have it found."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


# Answers by field name, so that a test need not know in which order they are asked for. FAKE_UNKNOWN names fields that this
# "driver" is too old for; each call adds a line to the file calls.log beside the script.
NVIDIA_SMI = r"""
echo "$*" >> "$(dirname "$0")/calls.log"
names=""
for argument in "$@"; do
  case "$argument" in
    --query-gpu=*) names=${argument#--query-gpu=} ;;
    --query-compute-apps=*) printf '%s' "$FAKE_PROCESSES"; exit 0 ;;
    --id=*) gpu=${argument#--id=} ;;
  esac
done
if [ -n "$gpu" ] && [ "$gpu" != "$FAKE_GPU" ]; then echo "No devices were found"; exit 6; fi
old_ifs=$IFS; IFS=,
row=""
for name in $names; do
  for unknown in $FAKE_UNKNOWN; do
    if [ "$name" = "$unknown" ]; then echo "Field \"$name\" is not a valid field to query."; exit 2; fi
  done
  case "$name" in
    name) value="NVIDIA A100-SXM4-40GB" ;;
    driver_version) value=550.54.15 ;;
    clocks.sm) value=${FAKE_SM:-1410} ;;
    clocks.max.sm) value=1410 ;;
    clocks.mem) value=1215 ;;
    temperature.gpu) value=${FAKE_TEMPERATURE:-34} ;;
    power.draw) value=61.25 ;;
    power.limit) value=${FAKE_LIMIT:-400.00} ;;
    power.default_limit) value=400.00 ;;
    utilization.gpu) value=${FAKE_UTILISATION:-0} ;;
    memory.used) value=${FAKE_MEMORY:-4} ;;
    pstate) value=P0 ;;
    persistence_mode) value=${FAKE_PERSISTENCE:-Enabled} ;;
    clocks_*_reasons.active) value=${FAKE_REASONS:-0x0000000000000001} ;;
    *) value="[N/A]" ;;
  esac
  row="$row$value, "
done
echo "${row%, }"
"""
