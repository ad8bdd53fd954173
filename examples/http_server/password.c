/* password: PBKDF2-HMAC-SHA256 with a salt of its own, as one line. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/rand.h>
#include <uv.h>

#include "../libcrypto.h"
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

/* The first password takes memory, too, without which libcrypto would refuse
 * all others. */
int password_prepare(void) {
  char *line = prepare_libcrypto("http_server", EXIT_FAILURE)
                   ? password_hash("", 0, 1)
                   : NULL;
  int err = line != NULL ? 0 : UV_ENOMEM;

  free(line);
  return err;
}
