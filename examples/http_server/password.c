/* password: PBKDF2-HMAC-SHA256 with a salt of its own, as one line. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <uv.h>

#include "password.h"

enum { SALT = 16, HASH = 32, LINE = 128 };

static char *put_hex(char *to, const unsigned char *bytes, size_t count) {
  for (size_t i = 0; i < count; i++)
    to += sprintf(to, "%02x", bytes[i]);
  return to;
}

char *password_hash(const void *password, size_t bytes, unsigned cost) {
  unsigned char salt[SALT], hash[HASH];
  char *line = malloc(LINE);

  if (line == NULL || RAND_bytes(salt, SALT) != 1 ||
      PKCS5_PBKDF2_HMAC(password, (int) bytes, salt, SALT, (int) cost,
                        EVP_sha256(), HASH, hash) != 1) {
    free(line);
    return NULL;
  }
  char *end = line + sprintf(line, "$pbkdf2-sha256$%u$", cost);
  end = put_hex(end, salt, SALT);
  *end++ = '$';
  end = put_hex(end, hash, HASH);
  *end++ = '\n';
  *end = '\0';
  return line;
}

/* Without this libcrypto would get itself ready at the first password; if there
 * were no memory for that, it would go on without and crash, or refuse all
 * others too. */
int password_prepare(void) {
  char *line = NULL;
  int ok = OPENSSL_init_crypto(0, NULL);
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
  ok = ok && OSSL_LIB_CTX_get0_global_default() != NULL;
#endif
  if (ok)
    line = password_hash("", 0, 1);
  free(line);
  return line != NULL ? 0 : UV_ENOMEM;
}
