/* Seeded chance: one 64-bit state, the same sequence on every machine (splitmix64's
 * step and finaliser, which are public domain). Everything random on the board comes from here. */
#ifndef CHANCE_H
#define CHANCE_H

#include <stdint.h>

static inline uint64_t chance_next(uint64_t *state) {
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Evenly spread, low included, high not. */
static inline double chance_between(uint64_t *state, double low, double high) {
    return low + (high - low) * (double)(chance_next(state) >> 11) * (1.0 / 9007199254740992.0);
}

/* Nearly Gaussian (sum of four even numbers), mean 0, standard deviation 1. */
static inline double chance_noise(uint64_t *state) {
    uint64_t bits = chance_next(state);
    int sum = (int)(bits & 0xFFFF) + (int)((bits >> 16) & 0xFFFF) + (int)((bits >> 32) & 0xFFFF) + (int)(bits >> 48);
    return ((double)sum - 131070.0) * (1.0 / 37837.2);
}

#endif
