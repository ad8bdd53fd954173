/* version: which library runs.
 *
 * Knows:   the header's numbers.
 * Threads: any.
 * Promise: nothing is ever freed.
 */
#include <loopchan.h>

unsigned loopchan_version(void) {
  return LOOPCHAN_VERSION_HEX;
}

#define LC_TEXT_(x) #x
#define LC_TEXT(x) LC_TEXT_(x)

const char *loopchan_version_string(void) {
  return LC_TEXT(LOOPCHAN_VERSION_MAJOR) "." LC_TEXT(
      LOOPCHAN_VERSION_MINOR) "." LC_TEXT(LOOPCHAN_VERSION_PATCH);
}
