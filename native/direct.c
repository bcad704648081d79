/*
 * Calls C functions out of JavaScript. Recording makes hundreds of thousands of calls, and through the binding each
 * takes some microseconds, most of them for its arguments; here they are numbers in an array that both sides know.
 *
 * Node loads this file as an addon (Node-API, whose ABI stays the same: what is needed of it is declared here, and
 * looked up at run time, so that neither its headers nor a linker's flags are needed).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>

/* A double has 53 bits: enough for descriptors, sizes and addresses. */
enum { DIRECT_FUNCTION, DIRECT_NARROW, DIRECT_RESULT, DIRECT_ARGUMENTS, DIRECT_CELLS = DIRECT_ARGUMENTS + 7 };

static double direct_cells[DIRECT_CELLS];

static void *direct_call(void *env, void *info) {
  typedef int64_t called(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
  const double *v = direct_cells + DIRECT_ARGUMENTS;
  (void)env;
  (void)info;
  int64_t result = ((called *)(intptr_t)direct_cells[DIRECT_FUNCTION])(
      (int64_t)v[0], (int64_t)v[1], (int64_t)v[2], (int64_t)v[3], (int64_t)v[4], (int64_t)v[5], (int64_t)v[6]);
  /* The upper half of the register means nothing where the result is an int. */
  direct_cells[DIRECT_RESULT] = direct_cells[DIRECT_NARROW] != 0 ? (int32_t)result : (double)result;
  return NULL;
}

/* Where a call is to be put, and its result is found. */
__attribute__((visibility("default"))) double *evloop_direct_cells(void) { return direct_cells; }

/* Called when Node loads this file: what is exported is the function that makes the call. */
__attribute__((visibility("default"))) void *napi_register_module_v1(void *env, void *exports) {
  typedef int create_function(void *, const char *, size_t, void *(*)(void *, void *), void *, void **);
  create_function *create = (create_function *)(intptr_t)dlsym(RTLD_DEFAULT, "napi_create_function");
  void *function = NULL;
  if (create == NULL || create(env, "call", 4, direct_call, NULL, &function) != 0) return exports;
  return function;
}
