/*
 * What the generators in C have in common (src/bench/task.ts): arguments, clock, histograms, samples, payloads, the schedule of
 * a producer, the audit of a consumer, and their reports. A generator is one file that includes this one, gives it the calls of
 * a client library, and is linked with that.
 *
 *   NAME-load produce name=value...   prints "ready", waits for "begin", sends records, prints a report
 *   NAME-load consume name=value...   prints "ready", waits for "begin", reads and audits records until it is told "stop N"
 *
 * Records are those of src/bench/stamped-payload.ts, made and compared here anew; latencies are histograms of the same
 * resolution (src/bench/latencies.ts), printed as pairs of a value and its count.
 */
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
#define BODY_BYTES_MAX (64 << 20)
#define PARTITIONS_MAX 16384
#define SEQUENCES_MAX 65536
#define SAMPLE_NS 50e6
#define SAMPLES_MAX 200000
/* What is due later counts as the last of them. */
#define SECONDS_MAX 4096
/* Records between two looks at the clock. */
#define BURST 256
/* Who waits for a record that is lost waits for ever. */
#define STALLED_NS 5e9

static int argument_count;
static char **argument_values;

static void fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s: %s\n", argument_values[0], what, why);
  exit(1);
}

static const char *text_of(const char *name) {
  size_t length = strlen(name);
  for (int index = 0; index < argument_count; index++)
    if (strncmp(argument_values[index], name, length) == 0 && argument_values[index][length] == '=')
      return argument_values[index] + length + 1;
  fail(name, "is missing");
  return "";
}

static double number_of(const char *name) { return atof(text_of(name)); }

/* Splits host:port. */
static inline int port_of(const char *server, char *host, size_t size) {
  const char *colon = strrchr(server, ':');
  if (colon == NULL || (size_t)(colon - server) >= size) fail("server", "is no host:port");
  memcpy(host, server, colon - server);
  host[colon - server] = 0;
  return atoi(colon + 1);
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
} histogram;

static void record(histogram *into, double ns) {
  uint64_t us = ns <= 0 ? 0 : (uint64_t)(ns / 1000 + 0.5);
  if (us > 3600000000u) us = 3600000000u;
  int shift = 0;
  while ((us >> shift) >= SUB_COUNT) shift++;
  into->counts[shift * SUB_COUNT + (us >> shift)]++;
}

static void print_histogram(const histogram *of) {
  printf("[");
  int is_first = 1;
  for (int index = 0; index < BUCKETS; index++) {
    if (of->counts[index] == 0) continue;
    uint64_t us = (uint64_t)(index & (SUB_COUNT - 1)) << (index >> SUB_BITS);
    printf("%s[%llu,%llu]", is_first ? "" : ",", (unsigned long long)us, (unsigned long long)of->counts[index]);
    is_first = 0;
  }
  printf("]");
}

/* By the second of the measured part in which a record was due. */
typedef struct {
  histogram *seconds[SECONDS_MAX];
  int count;
} histograms;

/* Before the measured part began nothing is recorded. */
static void record_due(histograms *into, double since_warm_ns, double ns) {
  if (since_warm_ns < 0) return;
  int second = (int)(since_warm_ns / 1e9);
  if (second >= SECONDS_MAX) second = SECONDS_MAX - 1;
  for (; into->count <= second; into->count++) into->seconds[into->count] = calloc(1, sizeof(histogram));
  record(into->seconds[second], ns);
}

static void print_histograms(const char *name, const histograms *of) {
  printf(",\"%s\":[", name);
  for (int second = 0; second < of->count; second++) {
    if (second > 0) printf(",");
    print_histogram(of->seconds[second]);
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
  if (sample_count == SAMPLES_MAX) sample_count--; /* The last one is the newest. */
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

/* Client libraries have threads that would not end by themselves. */
static void end_report(void) {
  printf("}\n");
  fflush(stdout);
  _exit(0);
}

/* ---- payloads */

static uint8_t *bodies[BODIES];
static int body_count;
static size_t value_size;

static void make_bodies(void) {
  uint32_t state = 0x9e3779b9;
  value_size = (size_t)number_of("size");
  body_count = BODY_BYTES_MAX / value_size < BODIES ? (int)(BODY_BYTES_MAX / value_size) : BODIES;
  if (body_count < 2) body_count = 2;
  for (int index = 0; index < body_count; index++) {
    bodies[index] = malloc(value_size);
    for (size_t at = 0; at < value_size; at++) {
      state = state * 1664525u + 1013904223u;
      bodies[index][at] = state >> 24;
    }
  }
}

/* ---- producing */

/* What a record carries until it is acknowledged. */
typedef struct {
  double due_ns, sent_ns;
} timing;

/* The calls of a client library. `times` goes back by `acknowledged`. */
typedef struct {
  /* Takes a copy; waits for room, and lets acknowledgements come meanwhile. */
  void (*send)(int partition, const uint8_t *value, size_t size, timing *times);
  /* Takes acknowledgements that have come, and waits up to `ms` for the first. */
  void (*progress)(int ms);
} producer_calls;

static uint64_t acked[PARTITIONS_MAX];
/* The one who acknowledges may be a thread of the library. */
static volatile uint64_t acked_total;
static uint64_t numbers[PARTITIONS_MAX];
static uint64_t sent;
static histograms response, service;
static double warm_ns, end_ns;
static int is_timed;

static void acknowledged(int partition, timing *times) {
  acked[partition]++;
  acked_total++;
  if (times == NULL) return;
  double now_ns = monotonic_ns();
  record_due(&response, times->due_ns - warm_ns, now_ns - times->due_ns);
  record_due(&service, times->due_ns - warm_ns, now_ns - times->sent_ns);
  free(times);
}

static void send_next(const producer_calls *calls, int partitions, uint32_t first, double due_ns) {
  int partition = sent % partitions;
  double number = (double)numbers[partition];
  uint32_t sequence = first + partition;
  uint8_t *value = bodies[numbers[partition] % body_count];
  memcpy(value, &number, 8);
  memcpy(value + 8, &sequence, 4);
  if (value_size >= STAMP_SIZE) memcpy(value + 12, &due_ns, 8);
  timing *times = NULL;
  if (is_timed) {
    times = malloc(sizeof *times);
    *times = (timing){due_ns, monotonic_ns()};
  }
  calls->send(partition, value, value_size, times);
  numbers[partition]++;
  sent++;
}

static int run_producer(const producer_calls *calls) {
  int partitions = (int)number_of("partitions");
  uint32_t first = (uint32_t)(number_of("lane") * partitions);
  uint64_t in_flight = (uint64_t)number_of("inFlight");
  double rate = number_of("rate"), begin_ns;
  is_timed = rate != 0;
  printf("ready\n");
  fflush(stdout);
  if (scanf("begin %lf %lf %lf", &begin_ns, &warm_ns, &end_ns) != 3) fail("standard input", "no begin");
  double wait_ns = begin_ns - monotonic_ns();
  if (wait_ns > 0) usleep((useconds_t)(wait_ns / 1000));
  for (double now_ns = monotonic_ns(); now_ns < end_ns; now_ns = monotonic_ns()) {
    take_sample(now_ns, acked_total);
    if (rate == 0) {
      for (int burst = 0; burst < BURST; burst++) send_next(calls, partitions, first, now_ns);
      calls->progress(0);
    } else if (rate < 0) {
      while (sent - acked_total < in_flight) send_next(calls, partitions, first, monotonic_ns());
      while (sent - acked_total >= in_flight) calls->progress(1000);
    } else {
      uint64_t due = (uint64_t)((now_ns - begin_ns) / 1e9 * rate) + 1;
      while (sent < due) send_next(calls, partitions, first, begin_ns + sent * 1e9 / rate);
      calls->progress(1);
    }
  }
  uint64_t before = acked_total;
  for (double moved_ns = monotonic_ns(); acked_total < sent;) {
    calls->progress(100);
    if (acked_total != before) moved_ns = monotonic_ns();
    before = acked_total;
    take_sample(monotonic_ns(), acked_total);
    if (monotonic_ns() - moved_ns > 6 * STALLED_NS) fail("flush", "records were not acknowledged");
  }
  take_sample(monotonic_ns() + SAMPLE_NS, acked_total);
  print_counts("acked", acked, partitions);
  print_samples();
  if (is_timed) {
    print_histograms("response", &response);
    print_histograms("service", &service);
  }
  end_report();
  return 0;
}

/* ---- consuming */

static uint64_t good[SEQUENCES_MAX];
static uint64_t bad, consumed_total;
static uint64_t timed_every;
static histograms end_to_end;

/* Looks at a record that was delivered. */
static void audit(int partition, int partitions, const uint8_t *value, size_t size, double now_ns) {
  double number, due_ns;
  uint32_t sequence;
  if (size != value_size) {
    bad++;
    consumed_total++;
    return;
  }
  int is_stamped = value_size >= STAMP_SIZE;
  size_t body_at = is_stamped ? STAMP_SIZE : value_size;
  memcpy(&number, value, 8);
  memcpy(&sequence, value + 8, 4);
  if (is_stamped) memcpy(&due_ns, value + 12, 8);
  int is_good = sequence < SEQUENCES_MAX && good[sequence] == (uint64_t)number &&
                (int)(sequence % partitions) == partition &&
                memcmp(value + body_at, bodies[(uint64_t)number % body_count] + body_at, value_size - body_at) == 0;
  if (is_good) good[sequence]++;
  else bad++;
  if (consumed_total++ % timed_every == 0 && is_stamped && due_ns < end_ns) record_due(&end_to_end, due_ns - warm_ns, now_ns - due_ns);
}

/* Takes what has come, waits up to `ms` for the first. @returns how many records were given to `audit` */
typedef int (*consume_call)(int partitions, int ms);

static int run_consumer(consume_call consume) {
  int partitions = (int)number_of("partitions");
  double begin_ns;
  uint64_t until = UINT64_MAX;
  char line[256];
  timed_every = (uint64_t)number_of("timedEvery");
  printf("ready\n");
  fflush(stdout);
  if (!fgets(line, sizeof line, stdin) || sscanf(line, "begin %lf %lf %lf", &begin_ns, &warm_ns, &end_ns) != 3)
    fail("standard input", "no begin");
  double moved_ns = monotonic_ns();
  while (consumed_total < until) {
    int count = consume(partitions, 10);
    double now_ns = monotonic_ns();
    take_sample(now_ns, consumed_total);
    if (count > 0) moved_ns = now_ns;
    if (until != UINT64_MAX && now_ns - moved_ns > STALLED_NS) break;
    struct pollfd input = {.fd = 0, .events = POLLIN};
    if (until == UINT64_MAX && poll(&input, 1, 0) > 0) {
      if (!fgets(line, sizeof line, stdin)) fail("standard input", "closed");
      until = strtoull(line + strlen("stop "), NULL, 10);
      moved_ns = now_ns;
    }
  }
  take_sample(monotonic_ns() + SAMPLE_NS, consumed_total);
  print_counts("good", good, (int)(number_of("lanes") * partitions));
  printf(",\"bad\":%llu", (unsigned long long)bad);
  print_samples();
  print_histograms("endToEnd", &end_to_end);
  end_report();
  return 0;
}

/* ---- main */

/* Both connect, and do not return. */
typedef struct {
  int (*produce)(void);
  int (*consume)(void);
} generator;

static int run_generator(int count, char **values, const generator *of) {
  argument_count = count;
  argument_values = values;
  if (count < 2) fail("usage", "produce|consume name=value...");
  setvbuf(stdin, NULL, _IONBF, 0); /* What lies in a buffer of ours, poll does not tell of. */
  make_bodies();
  return strcmp(values[1], "consume") == 0 ? of->consume() : of->produce();
}
