"""A wall clock that jumps, for one process and its children; what runs by the monotonic clock is left alone.

libfaketime 0.9 cannot: told to leave the monotonic clock alone, it has every `time.sleep` of Python fail (EINVAL).
A time namespace of Linux has no wall clock of its own, and that of the machine belongs to everybody.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from kit.parts import RealParts

NAME = "a wall clock that jumps (a library loaded before libc)"
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
static int (*real)(clockid_t, struct timespec *);
static const volatile int64_t *ahead;
__attribute__((constructor)) static void begin(void) {
    real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int file = open(getenv("WALL_CLOCK"), O_RDONLY);
    ahead = mmap(0, 8, PROT_READ, MAP_SHARED, file, 0);
    if (ahead == MAP_FAILED) abort();
}
int clock_gettime(clockid_t which, struct timespec *now) {
    if (!real) begin();
    int done = real(which, now);
    if (!done && (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE)) now->tv_sec += *ahead;
    return done;
}
int gettimeofday(struct timeval *now, void *zone) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    now->tv_sec = at.tv_sec;
    now->tv_usec = at.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now) {
    struct timespec at;
    clock_gettime(CLOCK_REALTIME, &at);
    if (now) *now = at.tv_sec;
    return at.tv_sec;
}
"""


class WallClock:
    """The wall clock of whatever is started behind its words."""

    def __init__(self, folder: Path, parts: RealParts) -> None:
        compiler = shutil.which("cc")
        if compiler is None:
            parts.not_ran(NAME, "it takes a C compiler (`cc`)")
            pytest.skip(NAME)
        self._library, self._ahead = folder / "wall_clock.so", folder / "wall_clock"
        source = folder / "wall_clock.c"
        source.write_text(SHIM)
        command = [compiler, "-shared", "-fPIC", "-o", str(self._library), str(source), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self._ahead.write_bytes(bytes(8))
        parts.ran(NAME)

    @property
    def words(self) -> Sequence[str]:
        """What stands before a command that is to go by it."""
        return ["env", f"LD_PRELOAD={self._library}", f"WALL_CLOCK={self._ahead}"]

    def jump(self, seconds: int) -> None:
        """Have it stand so many seconds ahead of the machine's, from now on; behind where negative."""
        with self._ahead.open("r+b") as file:
            os.pwrite(file.fileno(), struct.pack("=q", seconds), 0)
