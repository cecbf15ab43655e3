/*
 * A generator over hiredis: one stream of Redis for each partition, records sent by pipelined XADD on one connection, read by
 * XREAD.
 *
 *   cc -O2 -o redis-load redis-load.c -lhiredis
 */
#include "load.h"

#include <errno.h>
#include <hiredis/hiredis.h>

/* What our own client keeps by default. */
#define PIPELINE_BYTES_MAX (32 << 20)
/* Commands that are put into one write. */
#define OUTPUT_BYTES_MAX (256 << 10)
#define READ_COUNT "1000"

static redisContext *context;
static char keys[PARTITIONS_MAX][96];

static redisContext *connect_to_server(void) {
  char host[256];
  int port = port_of(text_of("server"), host, sizeof host);
  redisContext *connected = redisConnect(host, port);
  if (connected == NULL || connected->err) fail("connect", connected == NULL ? "no memory" : connected->errstr);
  redisEnableKeepAlive(connected);
  int partitions = (int)number_of("partitions");
  for (int partition = 0; partition < partitions; partition++)
    snprintf(keys[partition], sizeof keys[partition], "%s-%d", text_of("topic"), partition);
  return connected;
}

/* ---- producing */

typedef struct {
  int partition;
  timing *times;
} pending;

/* Commands on their way, oldest first, in a ring. */
static pending *waiting;
static uint64_t waiting_first, waiting_end, waiting_max;
static size_t output_bytes;

static void write_output(void) {
  int done = 0;
  while (!done)
    if (redisBufferWrite(context, &done) != REDIS_OK) fail("write", context->errstr);
  output_bytes = 0;
}

static void take_replies(void) {
  redisReply *reply = NULL;
  while (waiting_first < waiting_end) {
    if (redisGetReplyFromReader(context, (void **)&reply) != REDIS_OK) fail("read", context->errstr);
    if (reply == NULL) return;
    if (reply->type != REDIS_REPLY_STRING) fail("XADD", reply->str);
    freeReplyObject(reply);
    pending *first = &waiting[waiting_first++ % waiting_max];
    acknowledged(first->partition, first->times);
  }
}

static void redis_progress(int ms) {
  if (output_bytes > 0) write_output();
  if (waiting_first == waiting_end) {
    if (ms > 0) usleep(100);
    return;
  }
  struct pollfd input = {.fd = context->fd, .events = POLLIN};
  while (poll(&input, 1, ms) > 0) {
    if (redisBufferRead(context) != REDIS_OK) fail("read", context->errstr);
    take_replies();
    ms = 0;
  }
}

static void redis_send(int partition, const uint8_t *value, size_t size, timing *times) {
  while (waiting_end - waiting_first == waiting_max) redis_progress(100);
  const char *words[] = {"XADD", keys[partition], "*", "v", (const char *)value};
  const size_t sizes[] = {4, strlen(keys[partition]), 1, 1, size};
  if (redisAppendCommandArgv(context, 5, words, sizes) != REDIS_OK) fail("XADD", context->errstr);
  waiting[waiting_end++ % waiting_max] = (pending){partition, times};
  output_bytes += size;
  if (output_bytes >= OUTPUT_BYTES_MAX) write_output();
}

static int redis_produce(void) {
  context = connect_to_server();
  waiting_max = 1 + PIPELINE_BYTES_MAX / value_size;
  waiting = malloc(waiting_max * sizeof *waiting);
  return run_producer(&(producer_calls){.send = redis_send, .progress = redis_progress});
}

/* ---- consuming */

static char ids[PARTITIONS_MAX][32];

static int redis_take(int partitions, int ms) {
  static const char *words[6 + 2 * PARTITIONS_MAX];
  char block[16];
  snprintf(block, sizeof block, "%d", ms);
  words[0] = "XREAD";
  words[1] = "COUNT";
  words[2] = READ_COUNT;
  words[3] = "BLOCK";
  words[4] = block;
  words[5] = "STREAMS";
  for (int partition = 0; partition < partitions; partition++) {
    words[6 + partition] = keys[partition];
    words[6 + partitions + partition] = ids[partition];
  }
  redisReply *reply = redisCommandArgv(context, 6 + 2 * partitions, words, NULL);
  if (reply == NULL) fail("XREAD", context->errstr);
  if (reply->type == REDIS_REPLY_ERROR) fail("XREAD", reply->str);
  double now_ns = monotonic_ns();
  int count = 0;
  for (size_t stream = 0; reply->type == REDIS_REPLY_ARRAY && stream < reply->elements; stream++) {
    const redisReply *key = reply->element[stream]->element[0], *records = reply->element[stream]->element[1];
    int partition = atoi(strrchr(key->str, '-') + 1);
    for (size_t index = 0; index < records->elements; index++) {
      const redisReply *id = records->element[index]->element[0], *fields = records->element[index]->element[1];
      audit(partition, partitions, (const uint8_t *)fields->element[1]->str, fields->element[1]->len, now_ns);
      if (index + 1 == records->elements) snprintf(ids[partition], sizeof ids[partition], "%s", id->str);
      count++;
    }
  }
  freeReplyObject(reply);
  return count;
}

static int redis_consume(void) {
  context = connect_to_server();
  for (int partition = 0; partition < PARTITIONS_MAX; partition++) strcpy(ids[partition], "0-0");
  return run_consumer(redis_take);
}

int main(int count, char **values) {
  return run_generator(count, values, &(generator){.produce = redis_produce, .consume = redis_consume});
}
