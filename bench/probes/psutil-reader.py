"""The peer in Python: psutil, for the mount points given, in the protocol of floor.c.

With `every SECONDS` before them it reads once in so many seconds, for ever.
"""

import sys
import time

import psutil

every = float(sys.argv[2]) if sys.argv[1] == "every" else 0
mounts = sys.argv[3:] if every else sys.argv[1:]


def detect():
    psutil.cpu_percent()
    psutil.virtual_memory()
    psutil.getloadavg()
    for mount in mounts:
        psutil.disk_usage(mount)


while every:
    detect()
    time.sleep(every)

print("ready", psutil.__version__, flush=True)
for line in sys.stdin:
    start = now = time.monotonic_ns()
    cpu = time.process_time_ns()
    end = start + int(line) * 1_000_000
    rounds = 0
    while now < end:
        for _ in range(16):
            detect()
        rounds += 16
        now = time.monotonic_ns()
    print(rounds, now - start, time.process_time_ns() - cpu, flush=True)
