/*
 * What the hand-written loops share: the sources, the clock, and the workloads' shape. Each workload is the loop
 * that one would write by hand for it, on epoll in epoll.c, on io_uring in io_uring.c and on poll in poll.c; main.c says how to run them.
 */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* How many events a wait takes at once. */
enum { EVENTS_PER_WAIT = 1024 };

/*
 * N and A. The A active sources are those whose index is a multiple of `stride`, from 0 on. `sources` has one
 * eventfd more than N, for the workload that registers one more.
 */
extern int count, active, stride;
extern int *sources;
/* Whether a source is one of the A. */
extern unsigned char *is_active;

/* The processors that the first and the second thread are bound to, or -1. */
extern int cpus[2];
void pin_to(int cpu);

/* How much of a batch's time is no part of its cycles. A workload that prepares each of them adds to it. */
extern int64_t excluded_ns;

struct workload {
  const char *name;
  /* Opens the Poller, and registers and signals what the cycles find there. */
  void (*set_up)(void);
  void (*run)(long cycles);
};

/* Each list ends with a workload that has no name. */
extern const struct workload epoll_workloads[], io_uring_workloads[], poll_workloads[];

/* How long a wake of another thread takes, one way: the median and the mean of two samples a cycle. */
struct one_way {
  double median_ns, mean_ns;
};
struct one_way wake_thread(int on_epoll, long warmup, long cycles);

/* Says what went wrong, with errno where it is set, and exits with 1. */
_Noreturn void fail(const char *what);

static inline int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline void signal_source(int fd) {
  uint64_t one = 1;
  if (write(fd, &one, sizeof one) != sizeof one) fail("write to an eventfd");
}

static inline void drain_source(int fd) {
  uint64_t signals;
  if (read(fd, &signals, sizeof signals) != sizeof signals) fail("read of an eventfd");
  if (signals != 1) fail("a source was signalled other than once");
}

#endif
