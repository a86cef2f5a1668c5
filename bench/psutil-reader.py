"""The peer in Python: psutil, for the mount points given, in the protocol of floor.c."""

import sys
import time

import psutil

mounts = sys.argv[1:]


def detect():
    psutil.cpu_percent()
    psutil.virtual_memory()
    psutil.getloadavg()
    for mount in mounts:
        psutil.disk_usage(mount)


print("ready", psutil.__version__, flush=True)
for line in sys.stdin:
    start = now = time.monotonic_ns()
    end = start + int(line) * 1_000_000
    rounds = 0
    while now < end:
        for _ in range(16):
            detect()
        rounds += 16
        now = time.monotonic_ns()
    print(rounds, now - start, flush=True)
