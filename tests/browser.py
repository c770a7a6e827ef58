"""Pages as a headless Chromium leaves them once their scripts have run."""

import os
import shutil
import subprocess
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars "
    "--blink-settings=preferredColorScheme=1 --dump-dom"
)


def loaded(url: str, folder: Path, *, width: int, height: int, virtual_ms: int | None = None) -> tuple[str, str]:
    """The document at the end, and what the browser complained of.

    `folder` keeps the browser's profile. With `virtual_ms` the page is given that many milliseconds by a clock that runs ahead
    while the page waits.
    """
    flags = [*FLAGS.split(), f"--window-size={width},{height}", f"--user-data-dir={folder / 'profile'}"]
    flags += [] if virtual_ms is None else [f"--virtual-time-budget={virtual_ms}"]
    done = subprocess.run(
        [str(CHROMIUM), *flags, url],
        # It keeps a socket among its temporary files and aborts where that path is longer than about a hundred characters.
        env={**os.environ, "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout, done.stderr
