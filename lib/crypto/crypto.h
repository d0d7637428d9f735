/*
 * Cryptography is libsodium's; the files beside this one only give it the
 * shapes that Zoco uses. Nothing here invents an algorithm.
 */
#ifndef ZOCO_CRYPTO_CRYPTO_H
#define ZOCO_CRYPTO_CRYPTO_H

#include "base/base.h"

/*
 * To be called once when a program starts, before any other function of
 * lib/crypto. Ends the program when the system has no randomness to give.
 */
void crypto_start(void);

#endif
