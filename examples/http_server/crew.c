#include <string.h>

#include "crew.h"

const struct crew_kind *crew_kind_by_name(const char *name) {
  static const struct crew_kind *const kinds[] = {&crew_channel, &crew_on_loop,
                                                  &crew_queue_work};
  for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
    if (strcmp(kinds[i]->name, name) == 0)
      return kinds[i];
  return NULL;
}
