/*
 * The workloads on io_uring(7), without liburing: a request (IORING_OP_POLL_ADD) for each source, made anew by the
 * wait that follows its event, in the call that waits. The data of a request is the index of its source.
 *
 * A request is answered with what woke it, also where that is gone since. So the answers that were there before a
 * wait (IORING_SQ_TASKRUN says that there are some) only say whose requests are to be made anew: what is answered
 * then at once is true. That is what a level-triggered loop on io_uring has to do, and what evloop's does.
 */
#define _GNU_SOURCE
#include <linux/io_uring.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "reference.h"

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)
#endif

enum { READ = POLLIN | POLLRDHUP, ENTRIES = 1024, CQ_ENTRIES = 4096 };
static const uint64_t REMOVAL = ~0ull;

static int ring;
static _Atomic unsigned *sq_tail, *sq_flags, *cq_head, *cq_tail;
static unsigned sq_mask, cq_mask, pushed;
static struct io_uring_sqe *sqes;
static struct io_uring_cqe *cqes;

/* The sources whose requests are due, those that were reported, and the wait that a request was made in. */
static int *due, *events;
static int due_count;
static unsigned *made_in;
static unsigned this_wait;

static void *map(size_t size, off_t offset) {
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
  if (memory == MAP_FAILED) fail("mmap");
  return memory;
}

static void open_ring(void) {
  unsigned flags = IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                   IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_NO_SQARRAY;
  struct io_uring_params params = {.flags = flags, .cq_entries = CQ_ENTRIES};
  ring = (int)syscall(SYS_io_uring_setup, ENTRIES, &params);
  if (ring == -1) fail("io_uring_setup");
  char *memory = map(params.cq_off.cqes + params.cq_entries * sizeof *cqes, IORING_OFF_SQ_RING);
  sqes = map(params.sq_entries * sizeof *sqes, IORING_OFF_SQES);
  sq_tail = (void *)(memory + params.sq_off.tail);
  sq_flags = (void *)(memory + params.sq_off.flags);
  cq_head = (void *)(memory + params.cq_off.head);
  cq_tail = (void *)(memory + params.cq_off.tail);
  cqes = (void *)(memory + params.cq_off.cqes);
  sq_mask = params.sq_entries - 1;
  cq_mask = params.cq_entries - 1;
  due = calloc((size_t)count + 1, sizeof *due);
  events = calloc((size_t)count + 1, sizeof *events);
  made_in = calloc((size_t)count + 1, sizeof *made_in);
  if (due == NULL || events == NULL || made_in == NULL) fail("calloc");
}

static struct io_uring_sqe *next_entry(void) {
  unsigned tail = atomic_load_explicit(sq_tail, memory_order_relaxed);
  struct io_uring_sqe *entry = &sqes[(tail + pushed++) & sq_mask];
  memset(entry, 0, sizeof *entry);
  return entry;
}

static void push_poll(int index, unsigned mask) {
  struct io_uring_sqe *entry = next_entry();
  entry->opcode = IORING_OP_POLL_ADD;
  entry->fd = sources[index];
  entry->poll32_events = mask;
  entry->user_data = (uint64_t)index;
  made_in[index] = this_wait;
}

static void push_removal(int index) {
  struct io_uring_sqe *entry = next_entry();
  entry->opcode = IORING_OP_POLL_REMOVE;
  entry->fd = -1;
  entry->addr = (uint64_t)index;
  entry->user_data = REMOVAL;
}

static void enter(unsigned completions) {
  unsigned submitted = pushed;
  if (pushed > 0) atomic_fetch_add_explicit(sq_tail, pushed, memory_order_release);
  pushed = 0;
  long taken = syscall(SYS_io_uring_enter, ring, submitted, completions, IORING_ENTER_GETEVENTS, NULL, 0);
  if (taken != (long)submitted) fail("io_uring_enter");
}

static int is_behind(void) {
  return (atomic_load_explicit(sq_flags, memory_order_relaxed) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

/* Takes all answers. Those that may be old, or are not waited for, make requests due; others are events. */
static int reap(int n, int is_old) {
  unsigned head = atomic_load_explicit(cq_head, memory_order_relaxed);
  unsigned answers = atomic_load_explicit(cq_tail, memory_order_acquire) - head;
  for (unsigned i = 0; i < answers; i++) {
    const struct io_uring_cqe *cqe = &cqes[(head + i) & cq_mask];
    if (cqe->user_data == REMOVAL || cqe->res < 0) continue;
    int index = (int)cqe->user_data;
    if (!(cqe->res & POLLIN) && !is_old) fail("wrong event");
    if (is_old && made_in[index] != this_wait) due[due_count++] = index;
    else events[n++] = index;
  }
  atomic_fetch_add_explicit(cq_head, answers, memory_order_release);
  return n;
}

/* Waits for sources that are ready, and returns how many are in `events`. `completions`: 0 not to block. */
static int wait_ring(unsigned completions) {
  this_wait++;
  int n = 0;
  int is_old = is_behind();
  for (;;) {
    while (due_count > 0 && pushed < ENTRIES) push_poll(due[--due_count], READ);
    enter(n == 0 && !is_old && due_count == 0 ? completions : 0);
    n = reap(n, is_old);
    is_old = is_behind();
    if (due_count > 0 || is_old) continue;
    if (n > 0 || completions == 0) break;
  }
  for (int i = 0; i < n; i++) due[due_count++] = events[i];
  return n;
}

static void register_sources(int n) {
  open_ring();
  for (int i = 0; i < n; i++) {
    push_poll(i, READ);
    enter(0);
  }
}

static void set_up_one(void) { register_sources(1); }

static void wake(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    if (wait_ring(1) != 1 || events[0] != 0) fail("wake: wrong event");
    drain_source(sources[0]);
  }
}

static void set_up_idle(void) {
  register_sources(count);
  signal_source(sources[count >> 1]);
}

static void idle(long cycles) {
  int ready = count >> 1;
  while (cycles-- > 0) {
    if (wait_ring(0) != 1 || events[0] != ready) fail("idle: wrong event");
  }
}

static void set_up_ready(void) {
  register_sources(count);
  for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
}

static void ready(long cycles) {
  while (cycles-- > 0) {
    if (wait_ring(0) != active) fail("ready: wrong number of events");
    for (int i = 0; i < active; i++)
      if (!is_active[events[i]]) fail("ready: wrong event");
  }
}

static void set_up_all(void) { register_sources(count); }

/* A wait with nothing ready, which makes the requests of what was reported anew: as libevent's bench has it before a run. */
static void flush(void) {
  int64_t start = now_ns();
  if (wait_ring(0) != 0) fail("dispatch: an event before the cycle");
  excluded_ns += now_ns() - start;
}

static void dispatch(long cycles) {
  while (cycles-- > 0) {
    flush();
    int unsent = count;
    int left = count + active;
    for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
    while (left > 0) {
      int n = wait_ring(0);
      if (n <= 0) fail("dispatch: lost event");
      for (int i = 0; i < n; i++) {
        int index = events[i];
        drain_source(sources[index]);
        left--;
        if (unsent > 0) {
          unsent--;
          signal_source(sources[index + 1 == count ? 0 : index + 1]);
        }
      }
    }
  }
}

/* A request cannot be changed for another file, so it is taken back, and another one is made, in one call. */
static void register_one_more(long cycles) {
  while (cycles-- > 0) {
    push_poll(count, READ);
    enter(0);
    reap(0, 1);
    push_removal(count);
    push_poll(count, READ | POLLOUT);
    enter(0);
    /* It is writable, so it was answered at once, and there is nothing left to be taken back. */
    reap(0, 1);
    due_count = 0;
  }
}

static void rearm(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    if (wait_ring(1) != 1 || events[0] != 0) fail("rearm: wrong event");
    due_count = 0;
    drain_source(sources[0]);
    push_poll(0, READ);
    made_in[0] = 0;
    enter(0);
    reap(0, 1);
  }
}

const struct workload io_uring_workloads[] = {
    {"wake", set_up_one, wake},
    {"idle", set_up_idle, idle},
    {"ready", set_up_ready, ready},
    {"dispatch", set_up_all, dispatch},
    {"register", set_up_all, register_one_more},
    {"rearm", set_up_one, rearm},
    {NULL, NULL, NULL},
};
