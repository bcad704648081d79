/*
 * Replays recorded native calls as a C program would have made them, and knows nothing of what they are for.
 *
 * A program is an array of steps; a step names an action (a call with its arguments and what it must return, a
 * store, a look at the clock, an entry of a queue ...) and carries one number that varies from step to step, mostly a descriptor, so
 * that ten thousand calls need ten thousand times eight bytes. Every lane runs its program in a thread of its own.
 *
 * It all happens in a forked child, which has one thread as long as it has one lane: in a process with threads
 * the kernel pays for a reference to each descriptor that poll looks at, and a plain C program does not. What
 * parent and child share is the job; programs and their memory come with the fork. Nothing is allocated while
 * a job runs. The layouts below are known to src/measure/replay/layout.ts, which a test holds against this file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <linux/futex.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#define EXPORT __attribute__((visibility("default")))
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

enum { ARGUMENTS = 10, SLOTS = 64, LANES = 64, SHOWN = 256 };

/* CALL takes six arguments at most; the first or the third is the step's number if `varies` says 1 or 3. */
enum kind { CALL, CALL_ANY, CHECK, STORE8, STORE32, ADD32, LOAD32, TIME, PACE, BARRIER, OPEN, PUT, READ, COUNT, ADVANCE };

typedef int64_t function(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
typedef int64_t wide_function(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                              int64_t);

struct action {
  uint8_t kind;
  uint8_t varies;   /* which argument, counted from 1, is the step's number; 0: none */
  uint8_t narrow;   /* the result is an int: the upper half of the register means nothing */
  uint8_t checks;   /* the result must be `expected` (and errno `error`, where that is -1) */
  uint8_t binds;    /* CALL_ANY: 1 + the slot that keeps the result, or 0 */
  uint8_t bound;    /* CALL_ANY: the step's number is that of the slot which has the argument */
  uint16_t unused;
  int32_t error;
  uint32_t words;   /* how many 32-bit words at `address` must add up to `sum` after the call */
  void *function;
  int64_t arguments[ARGUMENTS];
  int64_t expected;
  void *address;
  uint64_t sum;
};

struct step {
  uint32_t action;
  int32_t number;
};

struct lane {
  const struct action *actions;
  const struct step *steps;
  uint64_t count;
  uint64_t cycles, warmup; /* those that count, and those before them */
  int64_t *marks;   /* what TIME and PACE write: at least as many as the program makes */
  int64_t period;   /* PACE: nanoseconds from one due time to the next */
  int64_t slack;    /* nanoseconds of timer slack, 0 to leave it alone */
  int32_t cpu;      /* the only processor to run on, -1 for any */
  int32_t unused;
  int64_t began, ended, due;
  uint64_t cycle;   /* which cycle it is in, of warm-up or not; written before each cycle */
  volatile uint64_t at; /* which step it is at, or `count` when it is done: tells where a lane hangs */
};

struct job {
  uint32_t lanes;
  _Atomic uint32_t arrived, generation;
  _Atomic uint32_t failed; /* 1 + the lane that met a difference */
  int32_t error;
  int64_t actual;
  int64_t memory; /* 0: the result differs, 1: the memory */
  unsigned char shown[SHOWN];
  int64_t slots[SLOTS];
  int64_t cpu_ns, voluntary, involuntary;
  struct lane lane[LANES];
};

static struct job *job;
static int replies;

static int64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Everybody waits for the last one, asleep: who has come early must not take the processor from who is measured. */
static void barrier(void) {
  uint32_t generation = atomic_load(&job->generation);
  if (atomic_fetch_add(&job->arrived, 1) + 1 == job->lanes) {
    atomic_store(&job->arrived, 0);
    atomic_fetch_add(&job->generation, 1);
#ifdef __linux__
    syscall(SYS_futex, &job->generation, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
#endif
    return;
  }
  while (atomic_load(&job->generation) == generation) {
#ifdef __linux__
    syscall(SYS_futex, &job->generation, FUTEX_WAIT_PRIVATE, generation, NULL, NULL, 0);
#else
    sched_yield();
#endif
  }
}

static void sleep_until(int64_t due) {
#ifdef __linux__
  struct timespec t = {due / 1000000000, due % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR) continue;
#else
  for (int64_t left; (left = due - now()) > 0;) {
    struct timespec t = {left / 1000000000, left % 1000000000};
    nanosleep(&t, NULL);
  }
#endif
}

/*
 * Pairs of words, each multiplied with an odd number that its place is scattered to: one pair that changes always
 * shows, and weights in a simple order would not tell one event of two from another. The words of a struct need no
 * alignment. poll leaves two words for each descriptor, so that this must not take long.
 */
static uint64_t sum_of(const unsigned char *bytes, uint32_t words) {
  uint64_t sum = 0, place = 0, pair;
  for (; words > 1; words -= 2, bytes += 8) {
    place += 0x9e3779b97f4a7c15u;
    memcpy(&pair, bytes, 8);
    sum += pair * ((place ^ place >> 32) | 1);
  }
  if (words == 0) return sum;
  uint32_t last;
  memcpy(&last, bytes, 4);
  place += 0x9e3779b97f4a7c15u;
  return sum + last * ((place ^ place >> 32) | 1);
}

/* The child has diverged from the recording, so it ends: what it meets from here on would mean nothing. */
static __attribute__((noreturn, cold)) void fail_at(const struct lane *lane, const struct action *a, int64_t actual,
                                                   const void *memory) {
  uint32_t none = 0;
  if (!atomic_compare_exchange_strong(&job->failed, &none, 1 + (uint32_t)(lane - job->lane)))
    for (;;) pause();
  size_t size = 4 * (size_t)a->words;
  job->actual = actual;
  job->error = errno;
  job->memory = memory != NULL;
  if (memory != NULL) memcpy(job->shown, memory, size < SHOWN ? size : SHOWN);
  _exit(write(replies, "f", 1) == 1 ? 1 : 2);
}

/* The same of a result, or of what a call has left. */
static __attribute__((noreturn, cold)) void fail(const struct lane *lane, const struct action *a, int64_t actual,
                                                int memory) {
  fail_at(lane, a, actual, memory ? a->address : NULL);
}

static int64_t call_any(const struct action *a, int32_t number) {
  int64_t v[ARGUMENTS];
  memcpy(v, a->arguments, sizeof v);
  if (a->varies) v[a->varies - 1] = a->bound ? job->slots[number] : number;
  int64_t r = ((wide_function *)a->function)(v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], v[9]);
  if (a->binds) job->slots[a->binds - 1] = a->narrow ? (int32_t)r : r;
  return r;
}

static inline void check(const struct lane *lane, const struct action *a, int64_t r) {
  if (a->narrow) r = (int32_t)r;
  if (a->checks && UNLIKELY(r != a->expected || (r == -1 && errno != a->error))) fail(lane, a, r, 0);
  if (a->words && UNLIKELY(sum_of(a->address, a->words) != a->sum)) fail(lane, a, r, 1);
}

/*
 * Queues that are shared with the kernel, which says where they are: the slots arguments[6] and arguments[7] have
 * the mappings that the counters and the entries lie in, and all else is relative to these. There are `words` words
 * to an entry, and arguments[1] + 1 entries, a power of two. The counter at arguments[0] and the number arguments[2]
 * say which one is meant; arguments[3] is where its words are as they were recorded, but for those with a bit in
 * arguments[4], which are the step's number.
 */
static inline uint32_t *counter_of(const struct action *a, int64_t offset) {
  return (uint32_t *)(intptr_t)(job->slots[a->arguments[6]] + offset);
}

static inline uint32_t *entry_of(const struct action *a) {
  const int64_t *v = a->arguments;
  uint32_t counter = __atomic_load_n(counter_of(a, v[0]), __ATOMIC_RELAXED);
  uint32_t *first = (uint32_t *)(intptr_t)(job->slots[v[7]] + (intptr_t)a->address);
  return first + (size_t)((counter + (uint32_t)v[2]) & (uint32_t)v[1]) * a->words;
}

enum { SQE_WORDS = 16 };

static inline void put(const struct action *a, int32_t number) {
  uint32_t *entry = entry_of(a);
  const void *words = (const void *)(intptr_t)a->arguments[3];
  /* A size that is known is copied without a call. */
  if (a->words == SQE_WORDS) memcpy(entry, words, 4 * SQE_WORDS);
  else memcpy(entry, words, 4 * (size_t)a->words);
  for (uint32_t places = (uint32_t)a->arguments[4]; places != 0; places &= places - 1)
    entry[__builtin_ctz(places)] = (uint32_t)number;
}

/* The words with a bit in arguments[5] must be what they were. */
static inline void read_entry(const struct lane *lane, const struct action *a, int32_t number) {
  const uint32_t *entry = entry_of(a), *words = (const uint32_t *)(intptr_t)a->arguments[3];
  uint32_t places = (uint32_t)a->arguments[4], compared = (uint32_t)a->arguments[5], differs = 0;
  for (uint32_t i = 0; i < a->words; i++) {
    uint32_t expected = places >> i & 1 ? (uint32_t)number : words[i];
    if (compared >> i & 1) differs |= entry[i] ^ expected;
  }
  if (UNLIKELY(differs != 0)) fail_at(lane, a, 0, entry);
}

/* How many entries there are, from the head (arguments[0]) to the tail (arguments[1]). */
static inline uint32_t count_of(const struct action *a) {
  return __atomic_load_n(counter_of(a, a->arguments[1]), __ATOMIC_ACQUIRE) -
         __atomic_load_n(counter_of(a, a->arguments[0]), __ATOMIC_RELAXED);
}

static void run(struct lane *lane, uint64_t cycles) {
  const struct action *actions = lane->actions;
  const struct step *end = lane->steps + lane->count;
  int64_t *mark = lane->marks;
  for (uint64_t cycle = 0; cycle < cycles; cycle++) {
    lane->cycle = cycle;
    for (const struct step *step = lane->steps; step < end; step++) {
      const struct action *a = &actions[step->action];
      const int64_t *v = a->arguments;
      lane->at = (uint64_t)(step - lane->steps);
      switch (a->kind) {
        case CALL:
          check(lane, a, ((function *)a->function)(a->varies == 1 ? step->number : v[0], v[1],
                                                   a->varies == 3 ? step->number : v[2], v[3], v[4], v[5]));
          break;
        case CALL_ANY: {
          int64_t r = call_any(a, step->number);
          /* What is to be used later on must be there. */
          if (UNLIKELY(a->binds && r == -1 && a->expected != -1)) fail(lane, a, r, 0);
          check(lane, a, r);
          break;
        }
        case OPEN: { /* a call that returns a descriptor: the step's number */
          int64_t fd = (int32_t)((function *)a->function)(v[0], v[1], v[2], v[3], v[4], v[5]);
          if (fd != step->number) fail(lane, a, fd, 0);
          break;
        }
        case CHECK: check(lane, a, 0); break;
        case STORE8: *(volatile uint8_t *)a->address = (uint8_t)step->number; break;
        case STORE32: __atomic_store_n((uint32_t *)a->address, (uint32_t)step->number, __ATOMIC_RELEASE); break;
        case ADD32: __atomic_fetch_add((uint32_t *)a->address, (uint32_t)step->number, __ATOMIC_RELEASE); break;
        case LOAD32: check(lane, a, __atomic_load_n((uint32_t *)a->address, __ATOMIC_ACQUIRE)); break;
        case PUT: put(a, step->number); break;
        case READ: read_entry(lane, a, step->number); break;
        case COUNT:
          if (UNLIKELY(count_of(a) != (uint32_t)step->number)) fail(lane, a, count_of(a), 0);
          break;
        case ADVANCE: __atomic_fetch_add(counter_of(a, v[0]), (uint32_t)step->number, __ATOMIC_RELEASE); break;
        case TIME: *mark++ = now(); break;
        case PACE:
          *mark++ = lane->due;
          sleep_until(lane->due);
          lane->due += lane->period;
          break;
        case BARRIER: barrier(); break;
      }
    }
  }
  lane->at = lane->count;
}

static void *run_lane(void *argument) {
  struct lane *lane = argument;
#ifdef __linux__
  if (lane->slack > 0) prctl(PR_SET_TIMERSLACK, lane->slack, 0, 0, 0);
  if (lane->cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)lane->cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
#endif
  for (int measured = 0; measured < 2; measured++) {
    barrier();
    lane->began = now();
    lane->due = lane->began + lane->period;
    run(lane, measured ? lane->cycles : lane->warmup);
    lane->ended = now();
  }
  return NULL;
}

static int64_t cpu_ns(const struct rusage *u) {
  int64_t seconds = (int64_t)u->ru_utime.tv_sec + u->ru_stime.tv_sec;
  return (seconds * 1000000 + u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1000;
}

/* Runs the job once; false where a thread could not be started. */
static int run_job(void) {
  struct rusage before, after;
  pthread_t threads[LANES];
  getrusage(RUSAGE_SELF, &before);
  for (uint32_t i = 1; i < job->lanes; i++)
    if (pthread_create(&threads[i], NULL, run_lane, &job->lane[i]) != 0) return 0;
  run_lane(&job->lane[0]);
  for (uint32_t i = 1; i < job->lanes; i++) pthread_join(threads[i], NULL);
  getrusage(RUSAGE_SELF, &after);
  job->cpu_ns = cpu_ns(&after) - cpu_ns(&before);
  job->voluntary = after.ru_nvcsw - before.ru_nvcsw;
  job->involuntary = after.ru_nivcsw - before.ru_nivcsw;
  return 1;
}

/* Makes a number that is free one of a descriptor that is open. */
static void take(int fd, int open) {
  if (fcntl(fd, F_GETFD) == -1) dup2(open, fd);
}

/*
 * Forks the child that runs `shared` once for every byte that it reads from `orders`, and answers each with a
 * byte to `answers`. Before that it closes the `count` descriptors at `unwanted`, but one that is given as its
 * complement keeps its number taken. `single`: glibc's own note of whether there are threads, or NULL; a fork
 * does not reset it, though the child has one thread. Returns the child, or -errno.
 *
 * A library may have closed descriptors of its own in the child (pthread_atfork(3)): the numbers up to `last` that
 * are free there are taken first. `prime`, unless NULL, is a function of such a library that makes it open its own
 * again, once; for these the numbers at `spare` are made free before.
 */
EXPORT int evloop_host(struct job *shared, int orders, int answers, const int *unwanted, int count, char *single,
                       int last, int (*prime)(void), const int *spare, int spares) {
  pid_t parent = getpid(), child = fork();
  if (child != 0) return child > 0 ? child : -errno;
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (getppid() != parent) _exit(0); /* it has died already, and that signal will not come */
#else
  (void)parent;
#endif
  /* The handlers are the parent's, and would speak for it. An interrupt is for the parent to act upon. */
  for (int s = 1; s < 32; s++)
    if (s != SIGPIPE) signal(s, s == SIGINT ? SIG_IGN : SIG_DFL);
  for (int fd = 0; fd <= last; fd++) take(fd, orders);
  if (prime != NULL) {
    for (int i = 0; i < spares; i++) close(spare[i]);
    prime();
    for (int i = 0; i < spares; i++) take(spare[i], orders);
  }
  for (int i = 0; i < count; i++)
    if (unwanted[i] >= 0) close(unwanted[i]);
    else dup2(orders, ~unwanted[i]);
  dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is for results; an emulator that dies in here may write to it */
  job = shared;
  replies = answers;
  if (single != NULL) *single = 1;
  char order;
  while (read(orders, &order, 1) == 1) {
    char answer = run_job() ? 'd' : 't';
    if (write(replies, &answer, 1) != 1) break;
  }
  _exit(0);
}

/* Sizes and offsets, for the test that holds the other side's idea of them against this file. */
EXPORT int64_t evloop_layout(int which) {
  static const int64_t layout[] = {
      sizeof(struct action), offsetof(struct action, words), offsetof(struct action, function),
      offsetof(struct action, sum), sizeof(struct lane), offsetof(struct lane, began), offsetof(struct lane, at),
      offsetof(struct job, actual), offsetof(struct job, cpu_ns), offsetof(struct job, lane), sizeof(struct job),
  };
  return which >= 0 && (size_t)which < sizeof layout / sizeof *layout ? layout[which] : -1;
}
