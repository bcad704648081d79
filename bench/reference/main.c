/*
 * reference WORKLOAD BACKEND N [--cpu NUMBER[,NUMBER]]
 *
 * Sets up, writes the line "ready", and then runs a batch for every line "CYCLES [WARMUP]" that it reads: WARMUP
 * cycles that are not timed, then CYCLES that are, without a look at the clock in between. It answers with the
 * line "FIGURE CPU SWITCHES": nanoseconds, and nanoseconds of CPU time, per cycle (per event for ready and
 * dispatch), and how often the processor was taken away meanwhile. For wake-thread, which takes the time of every
 * wake, it is the median and the mean of them, and 0. Any other event than the expected one ends the program, with
 * a message and exit code 1. The first processor is the one to run on; the second is for the other thread of
 * wake-thread, and the same one if it is not given.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "reference.h"

/* At most this many sources are active: one in a hundred, as evloop has it by default. */
enum { MOST_ACTIVE = 100 };

int cpus[2] = {-1, -1};
int count, active, stride;
int *sources;
unsigned char *is_active;
int64_t excluded_ns;

void fail(const char *what) {
  if (errno != 0) fprintf(stderr, "reference: %s: %s\n", what, strerror(errno));
  else fprintf(stderr, "reference: %s\n", what);
  exit(1);
}

static void use_all_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1) fail("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) == -1) fail("setrlimit");
}

void pin_to(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET((size_t)cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) == -1) fail("sched_setaffinity");
}

static void open_sources(int n) {
  count = n;
  active = n / 100 < 1 ? 1 : n / 100 > MOST_ACTIVE ? MOST_ACTIVE : n / 100;
  stride = n / active;
  sources = calloc((size_t)n + 1, sizeof *sources);
  is_active = calloc((size_t)n, sizeof *is_active);
  if (sources == NULL || is_active == NULL) fail("calloc");
  for (int i = 0; i <= n; i++) {
    sources[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (sources[i] == -1) fail("eventfd");
  }
  for (int k = 0; k < active; k++) is_active[k * stride] = 1;
}

static double cpu_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int events_per_cycle(const char *workload) {
  if (strcmp(workload, "ready") == 0) return active;
  if (strcmp(workload, "dispatch") == 0) return count + active;
  return 1;
}

static long switches(void) {
  struct rusage usage;
  if (getrusage(RUSAGE_SELF, &usage) == -1) fail("getrusage");
  return usage.ru_nivcsw;
}

static void run_batch(const struct workload *workload, long warmup, long cycles) {
  long before = switches();
  workload->run(warmup);
  double cpu = cpu_ns();
  excluded_ns = 0;
  int64_t start = now_ns();
  workload->run(cycles);
  int64_t end = now_ns();
  cpu = cpu_ns() - cpu;
  double events = (double)cycles * events_per_cycle(workload->name);
  printf("%.3f %.3f %ld\n", (double)(end - start - excluded_ns) / events, cpu / events, switches() - before);
}

static _Noreturn void usage(void) {
  fprintf(stderr, "usage: reference WORKLOAD epoll|io_uring|poll N [--cpu NUMBER[,NUMBER]]\n");
  exit(2);
}

int main(int argc, char **argv) {
  if (argc != 4 && (argc != 6 || strcmp(argv[4], "--cpu") != 0)) usage();
  int on_epoll = strcmp(argv[2], "epoll") == 0, on_ring = strcmp(argv[2], "io_uring") == 0;
  int n = atoi(argv[3]);
  if ((!on_epoll && !on_ring && strcmp(argv[2], "poll") != 0) || n < 1) usage();
  int in_threads = strcmp(argv[1], "wake-thread") == 0;
  if (in_threads && on_ring) usage();
  const struct workload *workload = on_epoll ? epoll_workloads : on_ring ? io_uring_workloads : poll_workloads;
  while (!in_threads && workload->name != NULL && strcmp(workload->name, argv[1]) != 0) workload++;
  if (!in_threads && workload->name == NULL) usage();

  if (argc == 6 && sscanf(argv[5], "%d,%d", &cpus[0], &cpus[1]) == 1) cpus[1] = cpus[0];
  pin_to(cpus[0]);
  use_all_descriptors();
  if (!in_threads) {
    open_sources(n);
    workload->set_up();
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready\n");
  char line[64];
  while (fgets(line, sizeof line, stdin) != NULL) {
    long cycles = 0, warmup = 0;
    if (sscanf(line, "%ld %ld", &cycles, &warmup) < 1 || cycles < 1 || warmup < 0) usage();
    errno = 0;
    if (in_threads) {
      struct one_way result = wake_thread(on_epoll, warmup, cycles);
      printf("%.3f %.3f 0\n", result.median_ns, result.mean_ns);
    } else {
      run_batch(workload, warmup, cycles);
    }
  }
  return 0;
}
