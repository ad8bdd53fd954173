/* libcrypto: gets itself ready when it is first used. If there is no memory for
 * that, it goes on without and crashes: so it is asked for at the start.
 */
#ifndef LIBCRYPTO_H
#define LIBCRYPTO_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/crypto.h>

/* false: out of memory. Then nothing of it may be called. */
static inline bool prepare_libcrypto(void) {
  if (!OPENSSL_init_crypto(0, NULL))
    return false;
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
  return OSSL_LIB_CTX_get0_global_default() != NULL;
#else
  return true;
#endif
}

#endif
