/*
 * Two threads that wake each other in turn, each with a Poller and an eventfd of its own. Measured is one way:
 * from before the write of one thread until the wait of the other has returned.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "reference.h"

struct side {
  int source, epfd;
  struct pollfd entry;
  void (*wait)(struct side *);
  /* When this side was about to write, and when its wait had returned, in each cycle. */
  int64_t *wrote, *woke;
};

static struct side ours, theirs;
static long total;

static void wait_epoll(struct side *side) {
  struct epoll_event events[2];
  int n = epoll_wait(side->epfd, events, 2, -1);
  if (n != 1 || events[0].data.u64 != 0 || !(events[0].events & EPOLLIN)) fail("wake-thread: wrong event");
}

static void wait_poll(struct side *side) {
  int n = poll(&side->entry, 1, -1);
  if (n != 1 || !(side->entry.revents & POLLIN)) fail("wake-thread: wrong event");
}

static void open_side(struct side *side, int on_epoll) {
  side->source = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (side->source == -1) fail("eventfd");
  if (on_epoll) {
    side->epfd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = 0};
    if (side->epfd == -1 || epoll_ctl(side->epfd, EPOLL_CTL_ADD, side->source, &event) == -1) fail("epoll");
    side->wait = wait_epoll;
  } else {
    side->entry = (struct pollfd){.fd = side->source, .events = POLLIN | POLLRDHUP};
    side->wait = wait_poll;
  }
}

/* Zeroed by hand, so that no page of it is first touched while time is taken. */
static int64_t *times(long n) {
  int64_t *list = malloc((size_t)n * sizeof *list);
  if (list == NULL) fail("malloc");
  for (long i = 0; i < n; i++) list[i] = 0;
  return list;
}

static void *answer(void *unused) {
  pin_to(cpus[1]);
  for (long i = 0; i < total; i++) {
    theirs.wait(&theirs);
    theirs.woke[i] = now_ns();
    drain_source(theirs.source);
    theirs.wrote[i] = now_ns();
    signal_source(ours.source);
  }
  return unused;
}

static void ask(void) {
  for (long i = 0; i < total; i++) {
    ours.wrote[i] = now_ns();
    signal_source(theirs.source);
    ours.wait(&ours);
    ours.woke[i] = now_ns();
    drain_source(ours.source);
  }
}

static int ascending(const void *a, const void *b) {
  int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

struct one_way wake_thread(int on_epoll, long warmup, long cycles) {
  if (ours.wait == NULL) {
    open_side(&ours, on_epoll);
    open_side(&theirs, on_epoll);
  }
  total = warmup + cycles;
  ours.wrote = times(total);
  ours.woke = times(total);
  theirs.wrote = times(total);
  theirs.woke = times(total);
  pthread_t thread;
  if (pthread_create(&thread, NULL, answer, NULL) != 0) fail("pthread_create");
  ask();
  pthread_join(thread, NULL);

  int64_t *samples = times(2 * cycles);
  double sum = 0;
  for (long i = 0; i < cycles; i++) {
    samples[2 * i] = theirs.woke[warmup + i] - ours.wrote[warmup + i];
    samples[2 * i + 1] = ours.woke[warmup + i] - theirs.wrote[warmup + i];
    sum += (double)samples[2 * i] + (double)samples[2 * i + 1];
  }
  qsort(samples, (size_t)(2 * cycles), sizeof *samples, ascending);
  struct one_way result = {(double)(samples[cycles - 1] + samples[cycles]) / 2, sum / (double)(2 * cycles)};
  free(samples);
  free(ours.wrote);
  free(ours.woke);
  free(theirs.wrote);
  free(theirs.woke);
  return result;
}
