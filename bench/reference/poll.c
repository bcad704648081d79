/*
 * The workloads on poll(2). The array of entries is the set; entry i is source i. Who waits looks for the reported
 * entries until there were as many as poll said.
 *
 * To add or modify an entry no system call is needed. But evloop promises that a descriptor that is not open is
 * refused when it is registered (EBADF), as epoll_ctl does, and not first by a later wait (POLLNVAL). A program
 * that wants that asks fcntl(2), so it is done here too. Removal fills the gap with the last entry, by no call.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>

#include "reference.h"

enum { READ = POLLIN | POLLRDHUP };

static struct pollfd *entries;
static int length;
/* Where a descriptor stands in the array. */
static int *index_of;

static void assert_open(int fd) {
  if (fcntl(fd, F_GETFD) == -1) fail("fcntl");
}

static void add(int fd, short mask) {
  assert_open(fd);
  index_of[fd] = length;
  entries[length++] = (struct pollfd){.fd = fd, .events = mask};
}

static void modify(int fd, short mask) {
  assert_open(fd);
  entries[index_of[fd]] = (struct pollfd){.fd = fd, .events = mask};
}

static void remove_entry(int fd) {
  int gap = index_of[fd];
  struct pollfd last = entries[--length];
  entries[gap] = last;
  index_of[last.fd] = gap;
}

static void register_sources(int n) {
  int highest = 0;
  for (int i = 0; i <= count; i++) {
    if (sources[i] > highest) highest = sources[i];
  }
  index_of = calloc((size_t)highest + 1, sizeof *index_of);
  entries = calloc((size_t)count + 1, sizeof *entries);
  if (index_of == NULL || entries == NULL) fail("calloc");
  for (int i = 0; i < n; i++) add(sources[i], READ);
}

static void set_up_one(void) { register_sources(1); }

static void wake(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    int n = poll(entries, 1, -1);
    if (n != 1 || !(entries[0].revents & POLLIN)) fail("wake: wrong event");
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
    int n = poll(entries, (nfds_t)length, 0);
    if (n != 1) fail("idle: wrong number of events");
    for (int i = 0, left = n; left > 0 && i < length; i++) {
      if (entries[i].revents == 0) continue;
      left--;
      if (i != ready || !(entries[i].revents & POLLIN)) fail("idle: wrong event");
    }
  }
}

static void set_up_ready(void) {
  register_sources(count);
  for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
}

static void ready(long cycles) {
  while (cycles-- > 0) {
    int n = poll(entries, (nfds_t)length, 0);
    if (n != active) fail("ready: wrong number of events");
    for (int i = 0, left = n; left > 0 && i < length; i++) {
      if (entries[i].revents == 0) continue;
      left--;
      if (!is_active[i] || !(entries[i].revents & POLLIN)) fail("ready: wrong event");
    }
  }
}

static void set_up_all(void) { register_sources(count); }

static void dispatch(long cycles) {
  while (cycles-- > 0) {
    int unsent = count;
    int due = count + active;
    for (int k = 0; k < active; k++) signal_source(sources[k * stride]);
    while (due > 0) {
      int n = poll(entries, (nfds_t)length, 0);
      if (n <= 0) fail("dispatch: lost event");
      for (int i = 0, left = n; left > 0 && i < length; i++) {
        if (entries[i].revents == 0) continue;
        left--;
        drain_source(sources[i]);
        due--;
        if (unsent > 0) {
          unsent--;
          signal_source(sources[i + 1 == count ? 0 : i + 1]);
        }
      }
    }
  }
}

static void register_one_more(long cycles) {
  int fd = sources[count];
  while (cycles-- > 0) {
    add(fd, READ);
    modify(fd, READ | POLLOUT);
    remove_entry(fd);
  }
}

/* poll knows no oneshot: an entry whose descriptor is negative is ignored, so a reported one is complemented. */
static void rearm(long cycles) {
  while (cycles-- > 0) {
    signal_source(sources[0]);
    int n = poll(entries, 1, -1);
    if (n != 1 || !(entries[0].revents & POLLIN)) fail("rearm: wrong event");
    entries[0].fd = ~entries[0].fd;
    drain_source(sources[0]);
    modify(sources[0], READ);
  }
}

const struct workload poll_workloads[] = {
    {"wake", set_up_one, wake},
    {"idle", set_up_idle, idle},
    {"ready", set_up_ready, ready},
    {"dispatch", set_up_all, dispatch},
    {"register", set_up_all, register_one_more},
    {"rearm", set_up_one, rearm},
    {NULL, NULL, NULL},
};
