/* libcrypto: gets itself ready when it is first used. If there is no memory for
 * that, it goes on without and crashes, or waits for itself for ever, as its
 * version may be. So it is made to get ready at the start, with memory
 * functions that end the program instead.
 */
#ifndef LIBCRYPTO_H
#define LIBCRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

static struct {
  const char *program;
  int status;
  bool is_ready; /* and has to do without, if there is no memory */
} libcrypto;

static inline void *libcrypto_got(void *memory, size_t size) {
  if (memory == NULL && size != 0 && !libcrypto.is_ready) {
    fprintf(stderr, "%s: no memory for libcrypto\n", libcrypto.program);
    _Exit(libcrypto.status);
  }
  return memory;
}

static inline void *libcrypto_malloc(size_t size, const char *file, int line) {
  (void) file;
  (void) line;
  return libcrypto_got(malloc(size), size);
}

static inline void *libcrypto_realloc(void *memory, size_t size,
                                      const char *file, int line) {
  (void) file;
  (void) line;
  return libcrypto_got(realloc(memory, size), size);
}

static inline void libcrypto_free(void *memory, const char *file, int line) {
  (void) file;
  (void) line;
  free(memory);
}

/* Before anything else of it is called. Ends the program, with a word and the
 * status, if there is no memory. false: it cannot get ready; nothing of it may
 * be called. */
static inline bool prepare_libcrypto(const char *program, int status) {
  libcrypto.program = program;
  libcrypto.status = status;
  if (!CRYPTO_set_mem_functions(libcrypto_malloc, libcrypto_realloc,
                                libcrypto_free) ||
      !OPENSSL_init_crypto(0, NULL))
    return false;
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
  if (OSSL_LIB_CTX_get0_global_default() == NULL)
    return false;
#endif
  libcrypto.is_ready = true;
  return true;
}

#endif
