"""Small disks of a test's own. Mounting takes root: elsewhere the tests that need one are skipped."""

import errno
import os
import subprocess
from contextlib import contextmanager

import pytest

FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def small_disk(path, mebibytes):
    """A file system in memory at `path`, which is made."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    size = f"size={mebibytes}m,mode=0700"
    words = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(path)]
    try:
        done = subprocess.run(words, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here")
    if done.returncode != 0:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield path
    finally:
        # Lazily: a server that failed its test may still have files open.
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def make_read_only(path):
    subprocess.run(["mount", "-o", "remount,ro", str(path)], check=True)


def fill(path, leave=0):
    """Takes all room but `leave` bytes. Returns the file to remove when there shall be room again."""
    filler = path / "filler"
    with open(filler, "ab", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                assert error.errno in FULL, error
        if leave:
            os.ftruncate(file.fileno(), os.fstat(file.fileno()).st_size - leave)
    return filler
