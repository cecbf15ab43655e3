/*
 * A generator over nats.c: one stream of JetStream with a subject for each partition, asynchronous publishing, and an ordered
 * consumer.
 *
 *   cc -O2 -o nats-load nats-load.c -lnats -lpthread
 */
#include "load.h"

#include <nats/nats.h>
#include <pthread.h>

/* What our own client keeps by default. */
#define IN_FLIGHT_BYTES_MAX (32 << 20)
/* Where each record is synced, as many as NATS's client in Go has by default. With more, a consumer gets nothing while they come. */
#define IN_FLIGHT_SYNCED_MAX 4000
/* Records on their way in a partition that are timed; more are never on their way. */
#define TIMED_MAX 65536

static natsConnection *connection;
static jsCtx *jetstream;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;

static void check(natsStatus status, const char *what) {
  if (status != NATS_OK) fail(what, natsStatus_GetText(status));
}

static void connect_to_server(jsOptions *options) {
  char url[300];
  snprintf(url, sizeof url, "nats://%s", text_of("server"));
  check(natsConnection_ConnectTo(&connection, url), "connect");
  check(natsConnection_JetStream(&jetstream, connection, options), "JetStream");
}

static int partition_of(natsMsg *message) { return atoi(strrchr(natsMsg_GetSubject(message), '.') + 1); }

/* ---- producing */

static timing **timed;
static uint64_t in_flight_max, published;

static timing **slot_of(int partition, const char *value) {
  double number;
  memcpy(&number, value, 8);
  return &timed[(uint64_t)partition * TIMED_MAX + (uint64_t)number % TIMED_MAX];
}

/* On the library's thread. */
static void nats_acked(jsCtx *of, natsMsg *message, jsPubAck *ack, jsPubAckErr *error, void *closure) {
  (void)of;
  (void)ack;
  (void)closure;
  if (error != NULL) fail("a record was lost", error->ErrText != NULL ? error->ErrText : natsStatus_GetText(error->Err));
  int partition = partition_of(message);
  acknowledged(partition, is_timed ? *slot_of(partition, natsMsg_GetData(message)) : NULL);
  natsMsg_Destroy(message);
  pthread_mutex_lock(&mutex);
  pthread_cond_signal(&moved);
  pthread_mutex_unlock(&mutex);
}

static void nats_progress(int ms) {
  if (ms == 0) return;
  if (acked_total == sent) {
    usleep(100);
    return;
  }
  uint64_t before = acked_total;
  struct timespec until;
  clock_gettime(CLOCK_REALTIME, &until);
  until.tv_sec += ms / 1000;
  until.tv_nsec += (ms % 1000) * 1000000L;
  if (until.tv_nsec >= 1000000000L) {
    until.tv_nsec -= 1000000000L;
    until.tv_sec++;
  }
  pthread_mutex_lock(&mutex);
  while (acked_total == before && pthread_cond_timedwait(&moved, &mutex, &until) == 0) {
  }
  pthread_mutex_unlock(&mutex);
}

static void nats_send(int partition, const uint8_t *value, size_t size, timing *times) {
  char subject[128];
  while (published - acked_total >= in_flight_max) nats_progress(100);
  snprintf(subject, sizeof subject, "%s.%d", text_of("topic"), partition);
  if (times != NULL) *slot_of(partition, (const char *)value) = times;
  published++;
  check(js_PublishAsync(jetstream, subject, value, (int)size, NULL), "publish");
}

static int nats_produce(void) {
  jsOptions options;
  jsOptions_Init(&options);
  options.PublishAsync.AckHandler = nats_acked;
  in_flight_max = 1 + IN_FLIGHT_BYTES_MAX / value_size;
  if (in_flight_max > TIMED_MAX) in_flight_max = TIMED_MAX;
  if (strcmp(text_of("durability"), "disk") == 0 && in_flight_max > IN_FLIGHT_SYNCED_MAX)
    in_flight_max = IN_FLIGHT_SYNCED_MAX;
  timed = calloc((size_t)number_of("partitions") * TIMED_MAX, sizeof *timed);
  connect_to_server(&options);
  return run_producer(&(producer_calls){.send = nats_send, .progress = nats_progress});
}

/* ---- consuming */

static natsSubscription *subscription;

static int nats_take(int partitions, int ms) {
  int count = 0;
  natsMsg *message = NULL;
  double now_ns = 0;
  while (count < 4096 && natsSubscription_NextMsg(&message, subscription, count == 0 ? ms : 0) == NATS_OK) {
    if (count++ % 64 == 0) now_ns = monotonic_ns();
    audit(partition_of(message), partitions, (const uint8_t *)natsMsg_GetData(message),
          (size_t)natsMsg_GetDataLength(message), now_ns);
    natsMsg_Destroy(message);
  }
  return count;
}

static int nats_consume(void) {
  char subject[128];
  jsSubOptions options;
  connect_to_server(NULL);
  jsSubOptions_Init(&options);
  options.Ordered = true;
  snprintf(subject, sizeof subject, "%s.*", text_of("topic"));
  check(js_SubscribeSync(&subscription, jetstream, subject, NULL, &options, NULL), "subscribe");
  check(natsSubscription_SetPendingLimits(subscription, -1, -1), "limits");
  return run_consumer(nats_take);
}

int main(int count, char **values) {
  return run_generator(count, values, &(generator){.produce = nats_produce, .consume = nats_consume});
}
