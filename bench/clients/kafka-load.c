/*
 * A generator (src/bench/task.ts) over librdkafka, the fastest client there is for Kafka.
 *
 *   kafka-load produce name=value...   sends records, prints a report
 *   kafka-load consume name=value...   prints "ready", reads and audits records until standard input says "stop N", reports
 *
 * Records are those of src/bench/stamped-payload.ts, made and compared here anew; latencies are histograms of the same
 * resolution (src/bench/latencies.ts), printed as pairs of a value and its count.
 *
 *   cc -O2 -o kafka-load kafka-load.c -lrdkafka -lpthread
 */
#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define STAMP_SIZE 20
#define BODIES 61
#define PARTITIONS_MAX 4096
#define SEQUENCES_MAX 65536
#define SAMPLE_NS 50e6
#define SAMPLES_MAX 200000
/* Who waits for a record that is lost waits for ever. */
#define STALLED_NS 5e9

static int argument_count;
static char **argument_values;

static const char *text_of(const char *name) {
  size_t length = strlen(name);
  for (int index = 0; index < argument_count; index++)
    if (strncmp(argument_values[index], name, length) == 0 && argument_values[index][length] == '=')
      return argument_values[index] + length + 1;
  fprintf(stderr, "kafka-load: %s is missing\n", name);
  exit(2);
}

static double number_of(const char *name) { return atof(text_of(name)); }

static void fail(const char *what, const char *why) {
  fprintf(stderr, "kafka-load: %s: %s\n", what, why);
  exit(1);
}

static double monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1e9 + now.tv_nsec;
}

/* ---- histograms: 2048 linear steps to each power of two, as HdrHistogram with three digits has them */

#define SUB_BITS 11
#define SUB_COUNT (1 << SUB_BITS)
#define BUCKETS ((32 - SUB_BITS + 1) * SUB_COUNT)

typedef struct {
  uint64_t counts[BUCKETS];
  uint64_t total;
} histogram;

static void record(histogram *into, double ns) {
  uint64_t us = ns <= 0 ? 0 : (uint64_t)(ns / 1000 + 0.5);
  if (us > 3600000000u) us = 3600000000u;
  int shift = 0;
  while ((us >> shift) >= SUB_COUNT) shift++;
  into->counts[shift * SUB_COUNT + (us >> shift)]++;
  into->total++;
}

static void print_histogram(const char *name, const histogram *of) {
  printf(",\"%s\":[", name);
  int isFirst = 1;
  for (int index = 0; index < BUCKETS; index++) {
    if (of->counts[index] == 0) continue;
    uint64_t us = (uint64_t)(index & (SUB_COUNT - 1)) << (index >> SUB_BITS);
    printf("%s[%llu,%llu]", isFirst ? "" : ",", (unsigned long long)us, (unsigned long long)of->counts[index]);
    isFirst = 0;
  }
  printf("]");
}

/* ---- samples */

typedef struct {
  double at_ns, cpu;
  uint64_t count;
} sample;

static sample samples[SAMPLES_MAX];
static int sample_count;

static void take_sample(double now_ns, uint64_t count) {
  struct rusage used;
  if (sample_count > 0 && now_ns - samples[sample_count - 1].at_ns < SAMPLE_NS) return;
  if (sample_count == SAMPLES_MAX) return;
  getrusage(RUSAGE_SELF, &used);
  samples[sample_count++] = (sample){
      .at_ns = now_ns,
      .count = count,
      .cpu = used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
  };
}

static void print_samples(void) {
  printf(",\"samples\":[");
  for (int index = 0; index < sample_count; index++)
    printf("%s{\"atNs\":%.0f,\"count\":%llu,\"cpu\":%.6f}", index ? "," : "", samples[index].at_ns,
           (unsigned long long)samples[index].count, samples[index].cpu);
  printf("]");
}

static void print_counts(const char *name, const uint64_t *counts, int count) {
  printf("{\"%s\":[", name);
  for (int index = 0; index < count; index++) printf("%s%llu", index ? "," : "", (unsigned long long)counts[index]);
  printf("]");
}

/* ---- payloads */

static uint8_t *bodies[BODIES];
static size_t value_size;

static void make_bodies(void) {
  uint32_t state = 0x9e3779b9;
  value_size = (size_t)number_of("size");
  for (int index = 0; index < BODIES; index++) {
    bodies[index] = malloc(value_size);
    for (size_t at = 0; at < value_size; at++) {
      state = state * 1664525u + 1013904223u;
      bodies[index][at] = state >> 24;
    }
  }
}

/* ---- producing */

static uint64_t acked[PARTITIONS_MAX];
static uint64_t acked_total;
static histogram response, service;
static double warm_ns;
static int is_timed;

/* What a record carries until it is acknowledged. */
typedef struct {
  double due_ns, sent_ns;
} timing;

static void delivered(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque) {
  (void)client;
  (void)opaque;
  if (message->err) fail("a record was lost", rd_kafka_err2str(message->err));
  acked[message->partition]++;
  acked_total++;
  if (!is_timed) return;
  timing *times = message->_private;
  if (times->due_ns >= warm_ns) {
    double now_ns = monotonic_ns();
    record(&response, now_ns - times->due_ns);
    record(&service, now_ns - times->sent_ns);
  }
  free(times);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(name, error);
}

static uint64_t numbers[PARTITIONS_MAX];
static uint64_t sent;

static void send_next(rd_kafka_t *client, rd_kafka_topic_t *topic, int partitions, uint32_t first, double due_ns) {
  int partition = sent % partitions;
  double number = (double)numbers[partition];
  uint32_t sequence = first + partition;
  uint8_t *value = bodies[numbers[partition] % BODIES];
  memcpy(value, &number, 8);
  memcpy(value + 8, &due_ns, 8);
  memcpy(value + 16, &sequence, 4);
  timing *times = NULL;
  if (is_timed) {
    times = malloc(sizeof *times);
    *times = (timing){due_ns, monotonic_ns()};
  }
  while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, value, value_size, NULL, 0, times) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(client, 1);
  }
  numbers[partition]++;
  sent++;
}

static int produce(void) {
  char error[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", text_of("server"));
  set(conf, "acks", text_of("acks"));
  set(conf, "linger.ms", text_of("lingerMs"));
  set(conf, "batch.size", text_of("batchBytes"));
  set(conf, "batch.num.messages", "1000000");
  set(conf, "message.max.bytes", "33554432");
  set(conf, "queue.buffering.max.messages", "1000000");
  set(conf, "queue.buffering.max.kbytes", "32768"); /* What our own client keeps by default. */
  rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) fail("no producer", error);
  rd_kafka_topic_t *topic = rd_kafka_topic_new(client, text_of("topic"), NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("metadata", "none came");
  rd_kafka_metadata_destroy(metadata);

  int partitions = (int)number_of("partitions");
  uint32_t first = (uint32_t)(number_of("producer") * partitions);
  double rate = number_of("rate"), begin_ns, end_ns;
  is_timed = rate != 0;
  printf("ready\n");
  fflush(stdout);
  if (scanf("begin %lf %lf %lf", &begin_ns, &warm_ns, &end_ns) != 3) fail("standard input", "no begin");
  double wait_ns = begin_ns - monotonic_ns();
  if (wait_ns > 0) usleep((useconds_t)(wait_ns / 1000));
  for (double now_ns = monotonic_ns(); now_ns < end_ns; now_ns = monotonic_ns()) {
    take_sample(now_ns, acked_total);
    if (rate == 0) {
      for (int burst = 0; burst < 256; burst++) send_next(client, topic, partitions, first, now_ns);
      rd_kafka_poll(client, 0);
    } else if (rate < 0) {
      send_next(client, topic, partitions, first, now_ns);
      while (acked_total < sent) rd_kafka_poll(client, 1000);
    } else {
      uint64_t due = (uint64_t)((now_ns - begin_ns) / 1e9 * rate) + 1;
      while (sent < due) send_next(client, topic, partitions, first, begin_ns + sent * 1e9 / rate);
      rd_kafka_poll(client, 1);
    }
  }
  if (rd_kafka_flush(client, 60000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("flush", "records were not acknowledged");
  sample_count = sample_count == SAMPLES_MAX ? sample_count - 1 : sample_count;
  take_sample(monotonic_ns() + SAMPLE_NS, acked_total);
  print_counts("acked", acked, partitions);
  print_samples();
  if (is_timed) {
    print_histogram("response", &response);
    print_histogram("service", &service);
  }
  printf("}\n");
  fflush(stdout);
  _exit(0);
}

/* ---- consuming */

static uint64_t good[SEQUENCES_MAX];

static int consume(void) {
  char error[512];
  make_bodies();
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", text_of("server"));
  set(conf, "group.id", "load");
  set(conf, "enable.auto.commit", "false");
  set(conf, "check.crcs", "true");
  set(conf, "fetch.wait.max.ms", "100");
  set(conf, "fetch.message.max.bytes", "4194304");
  /* A full queue makes it pause for a second (librdkafka before 2.2): it is not to be full. */
  set(conf, "queued.min.messages", "10000000");
  set(conf, "queued.max.messages.kbytes", "1048576");
  rd_kafka_t *client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (client == NULL) fail("no consumer", error);
  rd_kafka_poll_set_consumer(client);
  int partitions = (int)number_of("partitions");
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; partition++)
    rd_kafka_topic_partition_list_add(list, text_of("topic"), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  if (rd_kafka_assign(client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("assign", "refused");
  printf("ready\n");
  fflush(stdout);
  char line[256];
  if (!fgets(line, sizeof line, stdin)) fail("standard input", "no begin");

  double begin_ns, end_ns;
  uint64_t timed_every = (uint64_t)number_of("timedEvery");
  uint64_t until = UINT64_MAX, total = 0, bad = 0;
  static histogram end_to_end;
  if (sscanf(line, "begin %lf %lf %lf", &begin_ns, &warm_ns, &end_ns) != 3) fail("standard input", "no begin");
  rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(client);
  static rd_kafka_message_t *batch[4096];
  double moved_ns = monotonic_ns();
  while (total < until) {
    /* A batch that is waited for is waited for until it is full: so one record is, and then come those that are there. */
    batch[0] = rd_kafka_consumer_poll(client, 10);
    ssize_t count = batch[0] == NULL ? 0 : 1 + rd_kafka_consume_batch_queue(queue, 0, batch + 1, 4095);
    double now_ns = monotonic_ns();
    for (ssize_t index = 0; index < count; index++) {
      rd_kafka_message_t *message = batch[index];
      if (message->err) fail("consume", rd_kafka_message_errstr(message));
      const uint8_t *value = message->payload;
      double number, due_ns;
      uint32_t sequence;
      memcpy(&number, value, 8);
      memcpy(&due_ns, value + 8, 8);
      memcpy(&sequence, value + 16, 4);
      int isGood = message->len == value_size && sequence < SEQUENCES_MAX && good[sequence] == (uint64_t)number &&
                   (int)(sequence % partitions) == message->partition &&
                   memcmp(value + STAMP_SIZE, bodies[(uint64_t)number % BODIES] + STAMP_SIZE, value_size - STAMP_SIZE) == 0;
      if (isGood) good[sequence]++;
      else bad++;
      if (total++ % timed_every == 0 && due_ns >= warm_ns && due_ns < end_ns) record(&end_to_end, now_ns - due_ns);
      rd_kafka_message_destroy(message);
    }
    take_sample(now_ns, total);
    if (count > 0) moved_ns = now_ns;
    if (until != UINT64_MAX && now_ns - moved_ns > STALLED_NS) break;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (until == UINT64_MAX && poll(&input, 1, 0) > 0) {
      if (!fgets(line, sizeof line, stdin)) fail("standard input", "closed");
      until = strtoull(line + 5, NULL, 10);
      moved_ns = now_ns;
    }
  }
  take_sample(monotonic_ns() + SAMPLE_NS, total);
  print_counts("good", good, (int)(number_of("producers") * partitions));
  printf(",\"bad\":%llu", (unsigned long long)bad);
  print_samples();
  print_histogram("endToEnd", &end_to_end);
  printf("}\n");
  fflush(stdout);
  _exit(0);
}

int main(int count, char **values) {
  argument_count = count;
  argument_values = values;
  if (count < 2) fail("usage", "kafka-load produce|consume name=value...");
  if (strcmp(values[1], "consume") == 0) return consume();
  make_bodies();
  return produce();
}
