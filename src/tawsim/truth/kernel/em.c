/* EM of Dawid and Skene's model, each E step in one pass over the votes; sums of table rows by group; a counting sort.
 *
 * C11 with the vector types of GCC and clang; no Python header, no library, no thread, no memory of its own: the
 * callers (em.py, sums.py, order.py, through ctypes) hand over arrays that they have checked. hatch_build.py compiles
 * it; where there is no compiler the same results come from NumPy.
 */

#include <stdint.h>

#define ABI 1 /* library.py loads no other */
#define AHEAD 32 /* votes between asking memory for a row and using it; `cell` and `row` have as many zeros behind */
#define EXPORT __attribute__((visibility("default")))
#define SPREAD(x) ((V){(x), (x), (x), (x)})

/* `table` holds a row of 8 * blocks doubles for each (worker, said label): log confusion by truth, then expected
 * counts by truth, each padded to 4 * blocks. Side by side, because each vote needs both at once. */
struct em {
  const int64_t *start; /* votes of task t: start[t] .. start[t + 1] */
  const int32_t *cell;  /* row of each vote */
  double *table;
  const double *log_prior; /* padded with -1e30 */
  const double *evidence;  /* (T, labels), added to the prior of each task; or null */
  double *per_class;       /* padded: sum of the posterior over tasks with votes, written */
  int32_t labels, blocks;
};

struct em_sums {
  double moved, tops, product;
  int64_t exponent;
};

#define JOIN(a, b) a##b
#define NAME(f) JOIN(f, _plain)
#define TARGET
#include "em_loops.h"
#undef NAME
#undef TARGET

#if defined(__x86_64__)
#define NAME(f) JOIN(f, _avx2)
#define TARGET __attribute__((target("avx2")))
#include "em_loops.h"
#undef NAME
#undef TARGET
static int has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#else
#define step_avx2 step_plain
#define maximise_avx2 maximise_plain
#define count_avx2 count_plain
#define grouped_avx2 grouped_plain
static int has_avx2(void) { return 0; }
#endif

EXPORT int32_t tawsim_kernel_abi(void) { return ABI; }

#ifndef SOURCE
#define SOURCE "unknown"
#endif
EXPORT const char tawsim_kernel_source[] = "tawsim-kernel-source:" SOURCE; /* hatch_build.py looks for it in the file */

/* E step and the counts of the next M step for tasks first .. last; `posterior` (T, labels) is overwritten.
 * The log-likelihood is tops + log(product) + exponent log 2. */
EXPORT void tawsim_em_step(const struct em *em, int64_t first, int64_t last, double *posterior, struct em_sums *sums) {
  (has_avx2() ? step_avx2 : step_plain)(em, first, last, posterior, sums);
}

/* M step with the same imagined answers for each worker; adds each worker's log confusion to `summed`. */
EXPORT void tawsim_em_maximise(const struct em *em, int64_t workers, const double *imagined, double *summed) {
  (has_avx2() ? maximise_avx2 : maximise_plain)(em, workers, imagined, summed);
}

/* Adds a posterior (T, labels) to the counts of the table. */
EXPORT void tawsim_em_count(const struct em *em, int64_t first, int64_t last, const double *posterior) {
  (has_avx2() ? count_avx2 : count_plain)(em, first, last, posterior);
}

EXPORT void tawsim_grouped(const int64_t *start, const int32_t *row, int64_t groups, const double *rows, int64_t width,
                    double *sums) {
  (has_avx2() ? grouped_avx2 : grouped_plain)(start, row, groups, rows, width, sums);
}

/* Stable counting sort: order (n) holds the members by group, start (groups + 1) where each group begins.
 * `order` may be null, then only the beginnings are told. `next` (groups) is room to work in. */
EXPORT void tawsim_order(const int32_t *group, int64_t n, int64_t groups, int64_t *start, int64_t *next, int32_t *order) {
  for (int64_t g = 0; g <= groups; g++) start[g] = 0;
  for (int64_t i = 0; i < n; i++) start[group[i] + 1]++;
  for (int64_t g = 0; g < groups; g++) start[g + 1] += start[g];
  if (!order) return;
  for (int64_t g = 0; g < groups; g++) next[g] = start[g];
  for (int64_t i = 0; i < n; i++) order[next[group[i]]++] = (int32_t)i;
}
