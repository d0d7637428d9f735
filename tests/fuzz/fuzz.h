/*
 * A fuzz target: called with any bytes, it must return 0, and asserts what has
 * to hold for whatever it is given. Run by libFuzzer (`make fuzz`) to find new
 * inputs and by replay.c (`make check`) over those in corpus/.
 */
#ifndef ZOCO_TESTS_FUZZ_H
#define ZOCO_TESTS_FUZZ_H

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif
