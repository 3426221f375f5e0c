// Moves the time of day of a process as `date --set` would, by the seconds that a file says now.
// Preloaded; the clocks that nobody can set stay as they are.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, now);
  const char *name = getenv("CLOCK_FILE");
  FILE *file = result == 0 && clock == CLOCK_REALTIME && name ? fopen(name, "re") : NULL;
  if (file) {
    long seconds = 0;
    if (fscanf(file, "%ld", &seconds) == 1) now->tv_sec += seconds;
    fclose(file);
  }
  return result;
}
