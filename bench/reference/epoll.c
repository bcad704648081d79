/* The workloads on epoll(7): level-triggered, the data of an entry is the index of its source. */
#include <stddef.h>
#include <sys/epoll.h>

#include "reference.h"

enum { READ = EPOLLIN | EPOLLRDHUP };

static int epfd;
static struct epoll_event events[EVENTS_PER_WAIT];

static void control(int op, int fd, uint32_t mask, uint64_t data) {
  struct epoll_event event = {.events = mask, .data.u64 = data};
  if (epoll_ctl(epfd, op, fd, &event) == -1) fail("epoll_ctl");
}

static void register_sources(int n, uint32_t mask) {
  epfd = epoll_create1(EPOLL_CLOEXEC);
  if (epfd == -1) fail("epoll_create1");
  for (int i = 0; i < n; i++) control(EPOLL_CTL_ADD, sources[i], mask, (uint64_t)i);
}

static void set_up_one(void) { register_sources(1, READ); }

static void wake(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    int n = epoll_wait(epfd, events, 2, -1);
    if (n != 1 || events[0].data.u64 != 0 || !(events[0].events & EPOLLIN)) fail("wake: wrong event");
    drain_source(sources[0]);
  }
}

static void set_up_idle(void) {
  register_sources(count, READ);
  signal_source(sources[count >> 1]);
}

static void idle(long cycles) {
  uint64_t ready = (uint64_t)count >> 1;
  while (cycles-- > 0) {
    int n = epoll_wait(epfd, events, EVENTS_PER_WAIT, 0);
    if (n != 1 || events[0].data.u64 != ready || !(events[0].events & EPOLLIN)) fail("idle: wrong event");
  }
}

static void set_up_ready(void) {
  register_sources(count, READ);
  for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
}

static void ready(long cycles) {
  while (cycles-- > 0) {
    int n = epoll_wait(epfd, events, EVENTS_PER_WAIT, 0);
    if (n != active) fail("ready: wrong number of events");
    for (int i = 0; i < n; i++) {
      if (!is_active[events[i].data.u64] || !(events[i].events & EPOLLIN)) fail("ready: wrong event");
    }
  }
}

static void set_up_all(void) { register_sources(count, READ); }

static void dispatch(long cycles) {
  while (cycles-- > 0) {
    int unsent = count;
    int due = count + active;
    for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
    while (due > 0) {
      int n = epoll_wait(epfd, events, EVENTS_PER_WAIT, 0);
      if (n <= 0) fail("dispatch: lost event");
      for (int i = 0; i < n; i++) {
        int index = (int)events[i].data.u64;
        drain_source(sources[index]);
        due--;
        if (unsent > 0) {
          unsent--;
          signal_source(sources[index + 1 == count ? 0 : index + 1]);
        }
      }
    }
  }
}

static void register_one_more(long cycles) {
  int fd = sources[count];
  while (cycles-- > 0) {
    control(EPOLL_CTL_ADD, fd, READ, 1);
    control(EPOLL_CTL_MOD, fd, READ | EPOLLOUT, 2);
    if (epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL) == -1) fail("epoll_ctl");
  }
}

static void set_up_oneshot(void) { register_sources(1, READ | EPOLLONESHOT); }

static void rearm(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    int n = epoll_wait(epfd, events, 2, -1);
    if (n != 1 || events[0].data.u64 != 0 || !(events[0].events & EPOLLIN)) fail("rearm: wrong event");
    drain_source(sources[0]);
    control(EPOLL_CTL_MOD, sources[0], READ | EPOLLONESHOT, 0);
  }
}

const struct workload epoll_workloads[] = {
    {"wake", set_up_one, wake},
    {"idle", set_up_idle, idle},
    {"ready", set_up_ready, ready},
    {"dispatch", set_up_all, dispatch},
    {"register", set_up_all, register_one_more},
    {"rearm", set_up_oneshot, rearm},
    {NULL, NULL, NULL},
};
