/* by_hand: two threads send numbers to a loop, as one writes it without
 * loopchan: a mutex, a list and a uv_async_t. It is correct as it stands. */
#include "../check.h"

struct item {
  struct item *next;
  int number;
};

static uv_mutex_t mutex;
static struct item *first, **last = &first;
static int producers = 2;
static uv_async_t async;

static void put(int number) {
  struct item *item = malloc(sizeof(*item)); /* (1) */
  check(item == NULL ? UV_ENOMEM : 0);       /* (2) */
  item->next = NULL;
  item->number = number;
  uv_mutex_lock(&mutex);
  *last = item; /* (3) */
  last = &item->next;
  uv_mutex_unlock(&mutex);
  check(uv_async_send(&async)); /* (4) */
}

static void produce(void *arg) {
  (void) arg;
  for (int number = 1; number <= 1000; number++)
    put(number);
  uv_mutex_lock(&mutex);
  producers--;
  check(uv_async_send(&async)); /* (5) */
  uv_mutex_unlock(&mutex);
}

static void on_async(uv_async_t *handle) {
  static long sum;
  struct item *item, *next;
  int over;

  uv_mutex_lock(&mutex);
  item = first; /* (6) */
  first = NULL;
  last = &first;
  over = producers == 0;
  uv_mutex_unlock(&mutex);
  for (; item != NULL; item = next) { /* (7) */
    next = item->next;
    sum += item->number;
    free(item);
  }
  if (over) {
    printf("%ld\n", sum);
    uv_close((uv_handle_t *) handle, NULL); /* (8) */
  }
}

int main(void) {
  uv_thread_t threads[2];

  check(uv_mutex_init(&mutex));
  check(uv_default_loop() == NULL ? UV_ENOMEM : 0);
  check(uv_async_init(uv_default_loop(), &async, on_async));
  for (int i = 0; i < 2; i++)
    check(uv_thread_create(&threads[i], produce, NULL));
  check(uv_run(uv_default_loop(), UV_RUN_DEFAULT));
  for (int i = 0; i < 2; i++)
    check(uv_thread_join(&threads[i]));
  uv_mutex_destroy(&mutex);
  check(uv_loop_close(uv_default_loop()));
  return 0;
}
