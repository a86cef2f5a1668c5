/*
 * The floor under a detection: the system calls alone, nothing parsed. Arguments: a buffer size, `short` or
 * `zero` (whether a read ends at the first short answer or only when 0 comes back), files, `--`, mount points.
 *
 * Protocol of all contenders: first a line that says "ready"; then for each line with a number of milliseconds
 * a line with what was done in that time: the number of rounds, and the nanoseconds they took.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static long long nanoseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

int main(int argc, char **argv) {
  int files[64], count = 0, at = 3;
  size_t size = strtoul(argv[1], NULL, 10);
  int until_zero = strcmp(argv[2], "zero") == 0;
  char *bytes = malloc(size);
  for (; at < argc && strcmp(argv[at], "--") != 0 && count < 64; at++) {
    files[count] = open(argv[at], O_RDONLY);
    if (files[count++] < 0) fail(argv[at]);
  }
  char **mounts = argv + at + 1;
  int mount_count = argc - at - 1;
  puts("ready");
  fflush(stdout);

  char line[64];
  while (fgets(line, sizeof line, stdin)) {
    long long start = nanoseconds(), end = start + atoll(line) * 1000000LL, now = start;
    long long rounds = 0;
    while (now < end) {
      for (int i = 0; i < 64; i++) {
        for (int f = 0; f < count; f++) {
          size_t length = 0;
          ssize_t got;
          do {
            got = pread(files[f], bytes + length, size - length, length);
            if (got < 0) fail("pread");
            length += got;
          } while (got > 0 && length < size && (until_zero || length == size));
        }
        for (int m = 0; m < mount_count; m++) {
          struct statfs answer;
          if (statfs(mounts[m], &answer) < 0) fail("statfs");
        }
      }
      rounds += 64;
      now = nanoseconds();
    }
    printf("%lld %lld\n", rounds, now - start);
    fflush(stdout);
  }
  return 0;
}
