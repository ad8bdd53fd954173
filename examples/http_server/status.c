#include "status.h"

#include <stddef.h>
#include <time.h>

const char *status_reason(int status) {
  static const struct {
    int status;
    const char *reason;
  } all[] = {{200, "OK"},
             {400, "Bad Request"},
             {404, "Not Found"},
             {405, "Method Not Allowed"},
             {408, "Request Timeout"},
             {413, "Content Too Large"},
             {414, "URI Too Long"},
             {417, "Expectation Failed"},
             {431, "Request Header Fields Too Large"},
             {500, "Internal Server Error"},
             {501, "Not Implemented"},
             {503, "Service Unavailable"},
             {505, "HTTP Version Not Supported"}};
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
    if (all[i].status == status)
      return all[i].reason;
  return "Unknown";
}

const char *status_date(char date[STATUS_DATE]) {
  time_t now = time(NULL);
  struct tm tm;
  size_t bytes =
      strftime(date, STATUS_DATE, "%a, %d %b %Y %T GMT", gmtime_r(&now, &tm));
  return bytes == 0 ? "" : date;
}
