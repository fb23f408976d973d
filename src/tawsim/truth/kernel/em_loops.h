/* The loops of em.c, included there once for each instruction set with NAME (adds its suffix) and TARGET (its
 * attribute). Nothing here but arithmetic: no memory is taken, no library is called.
 *
 * Four doubles at a time (V); classes are padded to a multiple of four, so a row of the two-part table fills whole
 * cache lines. The order of every sum is fixed, and products are never contracted with sums (-ffp-contract=off), so
 * that all instruction sets give the same bits.
 */

typedef double NAME(V) __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t NAME(I) __attribute__((vector_size(32), aligned(8), may_alias));
#define V NAME(V)
#define I NAME(I)
#define INLINE static inline __attribute__((always_inline)) TARGET

/* exp(x) for x <= 0; 0 below -700. x = n ln 2 + r with |r| <= ln 2 / 2, and the Taylor polynomial of degree 12 of
 * exp(r), whose remainder is 2e-16: measured against libm the relative error stays below 4e-16. */
INLINE V NAME(exp_neg)(V x) {
  const V magic = SPREAD(6755399441055744.0); /* 1.5 * 2^52: adding it rounds to a whole number */
  I alive = x > SPREAD(-700.0);
  x = (V)((I)x & alive);
  V shifted = x * SPREAD(1.4426950408889634) + magic;
  V n = shifted - magic;
  V r = x - n * SPREAD(0.693147180369123816490);
  r = r - n * SPREAD(1.90821492927058770002e-10);
  V p = SPREAD(1.0 / 479001600.0);
  p = p * r + SPREAD(1.0 / 39916800.0);
  p = p * r + SPREAD(1.0 / 3628800.0);
  p = p * r + SPREAD(1.0 / 362880.0);
  p = p * r + SPREAD(1.0 / 40320.0);
  p = p * r + SPREAD(1.0 / 5040.0);
  p = p * r + SPREAD(1.0 / 720.0);
  p = p * r + SPREAD(1.0 / 120.0);
  p = p * r + SPREAD(1.0 / 24.0);
  p = p * r + SPREAD(1.0 / 6.0);
  p = p * r + SPREAD(0.5);
  p = p * r + SPREAD(1.0);
  p = p * r + SPREAD(1.0);
  I scale = ((I)shifted - (I)magic + 1023) << 52;
  return (V)((I)(p * (V)scale) & alive);
}

/* log(x) for x >= 1e-300, smaller ones as that. x = m 2^e with sqrt(1/2) <= m < sqrt(2), and the series of
 * 2 artanh((m - 1) / (m + 1)) up to the power 21, whose remainder is 1e-17: measured, 3e-16 absolute near 1, else relative. */
INLINE V NAME(log_of)(V x) {
  I small = x < SPREAD(1e-300);
  x = (V)(((I)SPREAD(1e-300) & small) | ((I)x & ~small));
  const int64_t half = 0x3fe6a09e667f3bcdLL; /* the bits of sqrt(1/2) */
  I bits = (I)x - half;
  I e = bits >> 52;
  V m = (V)((bits & 0xfffffffffffffLL) + half);
  /* e as a double: the low bits of 1.5 * 2^52 + e */
  V exponent = (V)(e + 0x4338000000000000LL) - SPREAD(6755399441055744.0);
  V s = (m - SPREAD(1.0)) / (m + SPREAD(1.0)), z = s * s;
  V p = SPREAD(1.0 / 21.0);
  p = p * z + SPREAD(1.0 / 19.0);
  p = p * z + SPREAD(1.0 / 17.0);
  p = p * z + SPREAD(1.0 / 15.0);
  p = p * z + SPREAD(1.0 / 13.0);
  p = p * z + SPREAD(1.0 / 11.0);
  p = p * z + SPREAD(1.0 / 9.0);
  p = p * z + SPREAD(1.0 / 7.0);
  p = p * z + SPREAD(1.0 / 5.0);
  p = p * z + SPREAD(1.0 / 3.0);
  p = p * z * s + s;
  return p + p + exponent * SPREAD(0.693147180559945309417);
}

INLINE double NAME(top_of)(const V *a, int blocks) {
  V m = a[0];
  for (int b = 1; b < blocks; b++) {
    I more = a[b] > m;
    m = (V)(((I)a[b] & more) | ((I)m & ~more));
  }
  double x = m[0] > m[1] ? m[0] : m[1], y = m[2] > m[3] ? m[2] : m[3];
  return x > y ? x : y;
}

INLINE void NAME(prefetch_row)(const double *row, int blocks) {
  for (int b = 0; b < blocks; b++) __builtin_prefetch((const char *)row + 64 * b, 1, 3);
}

/* Tasks first..last of one EM step. `blocks` is a constant wherever that pays. */
INLINE void NAME(step_body)(const struct em *em, int64_t first, int64_t last, double *posterior, struct em_sums *sums,
                            int blocks) {
  const int64_t stride = 8 * (int64_t)blocks;
  const int labels = em->labels, whole = labels / 4;
  const int ahead = blocks < 4 ? AHEAD : blocks < 48 ? 96 / blocks : 2;
  double *table = em->table;
  const int32_t *cell = em->cell;
  V prior[blocks], a[blocks], classes[blocks];
  for (int b = 0; b < blocks; b++) {
    prior[b] = ((const V *)em->log_prior)[b];
    classes[b] = SPREAD(0.0);
  }
  V moved_all = SPREAD(0.0);
  double moved_tail = 0.0, tops = 0.0, product = 1.0;
  int64_t exponent = 0;
  for (int64_t t = first; t < last; t++) {
    const int64_t from = em->start[t], to = em->start[t + 1];
    for (int b = 0; b < blocks; b++) a[b] = prior[b];
    if (em->evidence) {
      const double *extra = em->evidence + t * labels;
      for (int b = 0; b < whole; b++) a[b] += *(const V *)(extra + 4 * b);
      for (int k = 4 * whole; k < labels; k++) a[whole][k - 4 * whole] += extra[k];
    }
    for (int64_t i = from; i < to; i++) {
      NAME(prefetch_row)(table + stride * cell[i + ahead], blocks);
      const V *row = (const V *)(table + stride * cell[i]);
      for (int b = 0; b < blocks; b++) a[b] += row[b];
    }
    const double top = NAME(top_of)(a, blocks);
    V total4 = SPREAD(0.0);
    for (int b = 0; b < blocks; b++) {
      a[b] = NAME(exp_neg)(a[b] - SPREAD(top));
      total4 += a[b];
    }
    const double total = (total4[0] + total4[1]) + (total4[2] + total4[3]);
    const double share = 1.0 / total;
    for (int b = 0; b < blocks; b++) a[b] *= SPREAD(share);
    tops += top;
    product *= total; /* 1 <= total <= classes; the logarithm is taken once, of the product */
    if (product > 0x1p500) {
      product *= 0x1p-500;
      exponent += 500;
    }
    double *out = posterior + t * labels;
    for (int b = 0; b < blocks; b++) {
      if (b < whole) {
        V change = a[b] - *(V *)(out + 4 * b);
        moved_all += (V)((I)change & 0x7fffffffffffffffLL);
        *(V *)(out + 4 * b) = a[b];
      } else {
        for (int k = 4 * b; k < labels; k++) {
          const double now = a[b][k - 4 * b], change = now - out[k];
          moved_tail += change < 0 ? -change : change;
          out[k] = now;
        }
      }
    }
    if (from < to)
      for (int b = 0; b < blocks; b++) classes[b] += a[b];
    for (int64_t i = from; i < to; i++) {
      V *row = (V *)(table + stride * cell[i]) + blocks;
      for (int b = 0; b < blocks; b++) row[b] += a[b];
    }
  }
  for (int b = 0; b < blocks; b++) ((V *)em->per_class)[b] = classes[b];
  sums->moved = (moved_all[0] + moved_all[1]) + (moved_all[2] + moved_all[3]) + moved_tail;
  sums->tops = tops;
  sums->product = product;
  sums->exponent = exponent;
}

TARGET static void NAME(step)(const struct em *em, int64_t first, int64_t last, double *posterior,
                              struct em_sums *sums) {
  switch (em->blocks) {
  case 1: NAME(step_body)(em, first, last, posterior, sums, 1); break;
  case 2: NAME(step_body)(em, first, last, posterior, sums, 2); break;
  case 3: NAME(step_body)(em, first, last, posterior, sums, 3); break;
  case 4: NAME(step_body)(em, first, last, posterior, sums, 4); break;
  default: NAME(step_body)(em, first, last, posterior, sums, em->blocks);
  }
}

/* The M step: for each worker and truth, log confusion = log((count + imagined) / their sum over what was said). The counts
 * are set to zero for the next E step. `imagined` and `summed` are (labels, 4 * blocks) [said, truth]. */
INLINE void NAME(maximise_body)(const struct em *em, int64_t workers, const double *imagined, double *summed, int blocks) {
  const int labels = em->labels;
  const int64_t stride = 8 * (int64_t)blocks;
  for (int64_t w = 0; w < workers; w++) {
    V *rows = (V *)(em->table + stride * labels * w);
    V total[blocks];
    for (int b = 0; b < blocks; b++) total[b] = SPREAD(0.0);
    for (int l = 0; l < labels; l++)
      for (int b = 0; b < blocks; b++) total[b] += rows[(2 * l + 1) * blocks + b] + ((const V *)imagined)[l * blocks + b];
    for (int b = 0; b < blocks; b++) total[b] = SPREAD(1.0) / total[b];
    for (int l = 0; l < labels; l++)
      for (int b = 0; b < blocks; b++) {
        V *count = rows + (2 * l + 1) * blocks + b;
        V share = (*count + ((const V *)imagined)[l * blocks + b]) * total[b];
        *count = SPREAD(0.0);
        share = NAME(log_of)(share);
        rows[2 * l * blocks + b] = share;
        ((V *)summed)[l * blocks + b] += share;
      }
  }
}

TARGET static void NAME(maximise)(const struct em *em, int64_t workers, const double *imagined, double *summed) {
  switch (em->blocks) {
  case 1: NAME(maximise_body)(em, workers, imagined, summed, 1); break;
  case 2: NAME(maximise_body)(em, workers, imagined, summed, 2); break;
  case 3: NAME(maximise_body)(em, workers, imagined, summed, 3); break;
  default: NAME(maximise_body)(em, workers, imagined, summed, em->blocks);
  }
}

/* The counts alone, of a posterior that is there already. */
TARGET static void NAME(count)(const struct em *em, int64_t first, int64_t last, const double *posterior) {
  const int64_t half = 4 * (int64_t)em->blocks, stride = 2 * half;
  const int labels = em->labels;
  for (int64_t t = first; t < last; t++) {
    const double *in = posterior + t * labels;
    for (int64_t i = em->start[t]; i < em->start[t + 1]; i++) {
      double *out = em->table + stride * em->cell[i] + half;
      NAME(prefetch_row)(em->table + stride * em->cell[i + 2] + half, (em->blocks + 1) / 2);
      int k = 0;
      for (; k + 4 <= labels; k += 4) *(V *)(out + k) += *(const V *)(in + k);
      for (; k < labels; k++) out[k] += in[k];
    }
  }
}

/* sums[g] = Σ rows[row[i]] over the members i of group g, in their order. */
TARGET static void NAME(grouped)(const int64_t *start, const int32_t *row, int64_t groups, const double *rows,
                                 int64_t width, double *sums) {
  const int ahead = width < 16 ? AHEAD : width < 256 ? (int)(512 / width) : 2;
  for (int64_t g = 0; g < groups; g++) {
    double *out = sums + g * width;
    const int64_t from = start[g], to = start[g + 1];
    for (int64_t k = 0; k < width; k++) out[k] = 0.0;
    for (int64_t i = from; i < to; i++) {
      const char *next = (const char *)(rows + width * row[i + ahead]);
      for (int64_t byte = 0; byte < 8 * width; byte += 64) __builtin_prefetch(next + byte, 0, 3);
      __builtin_prefetch(next + 8 * width - 1, 0, 3);
      const double *in = rows + width * row[i];
      int64_t k = 0;
      for (; k + 4 <= width; k += 4) *(V *)(out + k) += *(const V *)(in + k);
      for (; k < width; k++) out[k] += in[k];
    }
  }
}

#undef V
#undef I
#undef INLINE
