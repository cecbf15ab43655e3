/*
 * A generator over librdkafka, the fastest client there is for Kafka.
 *
 *   cc -O2 -o kafka-load kafka-load.c -lrdkafka -lpthread
 */
#include "load.h"

#include <librdkafka/rdkafka.h>

static rd_kafka_t *client;
/* One, or one for each partition. */
static rd_kafka_topic_t *topics[PARTITIONS_MAX];
static int topic_count;

static const char *topic_name(int index) {
  static char name[256];
  if (topic_count == 1) return text_of("topic");
  snprintf(name, sizeof name, "%s-%d", text_of("topic"), index);
  return name;
}

/* What the run calls the partition of a record. */
static int partition_of(const rd_kafka_message_t *message) {
  return topic_count == 1 ? message->partition : atoi(strrchr(rd_kafka_topic_name(message->rkt), '-') + 1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(name, error);
}

/* ---- producing */

static void delivered(rd_kafka_t *of, const rd_kafka_message_t *message, void *opaque) {
  (void)of;
  (void)opaque;
  if (message->err) fail("a record was lost", rd_kafka_err2str(message->err));
  acknowledged(partition_of(message), message->_private);
}

static void kafka_send(int partition, const uint8_t *value, size_t size, timing *times) {
  int is_of_many = topic_count > 1;
  rd_kafka_topic_t *topic = topics[is_of_many ? partition : 0];
  while (rd_kafka_produce(topic, is_of_many ? 0 : partition, RD_KAFKA_MSG_F_COPY, (void *)value, size, NULL, 0, times) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(client, 1);
  }
}

static void kafka_progress(int ms) { rd_kafka_poll(client, ms); }

static int kafka_produce(void) {
  char error[512];
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", text_of("server"));
  /* As the Java client does by default: without it a batch that is sent again comes behind later ones. */
  set(conf, "enable.idempotence", text_of("idempotence"));
  set(conf, "acks", strcmp(text_of("idempotence"), "true") == 0 ? "all" : "1");
  set(conf, "linger.ms", text_of("lingerMs"));
  set(conf, "batch.size", text_of("batchBytes"));
  set(conf, "batch.num.messages", number_of("rate") < 0 ? "1" : "1000000");
  set(conf, "message.max.bytes", "33554432");
  set(conf, "queue.buffering.max.messages", "1000000");
  set(conf, "queue.buffering.max.kbytes", "32768"); /* What our own client keeps by default. */
  rd_kafka_conf_set_dr_msg_cb(conf, delivered);
  client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) fail("no producer", error);
  topic_count = (int)number_of("topics");
  for (int index = 0; index < topic_count; index++) topics[index] = rd_kafka_topic_new(client, topic_name(index), NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(client, 0, NULL, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("metadata", "none came");
  rd_kafka_metadata_destroy(metadata);
  return run_producer(&(producer_calls){.send = kafka_send, .progress = kafka_progress});
}

/* ---- consuming */

static rd_kafka_queue_t *queue;
static rd_kafka_message_t *batch[4096];

static int kafka_take(int partitions, int ms) {
  /* A batch that is waited for is waited for until it is full: so one record is, and then come those that are there. */
  batch[0] = rd_kafka_consumer_poll(client, ms);
  int count = batch[0] == NULL ? 0 : 1 + (int)rd_kafka_consume_batch_queue(queue, 0, batch + 1, 4095);
  double now_ns = monotonic_ns();
  for (int index = 0; index < count; index++) {
    if (batch[index]->err) fail("consume", rd_kafka_message_errstr(batch[index]));
    audit(partition_of(batch[index]), partitions, batch[index]->payload, batch[index]->len, now_ns);
    rd_kafka_message_destroy(batch[index]);
  }
  return count;
}

static int kafka_consume(void) {
  char error[512];
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
  client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
  if (client == NULL) fail("no consumer", error);
  rd_kafka_poll_set_consumer(client);
  int partitions = (int)number_of("partitions");
  rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
  topic_count = (int)number_of("topics");
  for (int index = 0; index < partitions; index++)
    rd_kafka_topic_partition_list_add(list, topic_name(index), topic_count > 1 ? 0 : index)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  if (rd_kafka_assign(client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("assign", "refused");
  queue = rd_kafka_queue_get_consumer(client);
  return run_consumer(kafka_take);
}

/* ---- making topics: one for each name=... */

#define TOPICS_MAX 16384
#define DECLARE_MS_MAX 300000

static int kafka_declare(int count, char **values) {
  char error[512];
  static rd_kafka_NewTopic_t *made[TOPICS_MAX];
  size_t number = 0;
  argument_count = count;
  argument_values = values;
  rd_kafka_conf_t *conf = rd_kafka_conf_new();
  set(conf, "bootstrap.servers", text_of("server"));
  client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) fail("no client", error);
  for (int index = 2; index < count && number < TOPICS_MAX; index++) {
    if (strncmp(values[index], "name=", 5) != 0) continue;
    rd_kafka_NewTopic_t *topic = rd_kafka_NewTopic_new(values[index] + 5, (int)number_of("partitions"), 1, error, sizeof error);
    if (topic == NULL) fail(values[index], error);
    rd_kafka_NewTopic_set_config(topic, "max.message.bytes", text_of("batchBytesMax"));
    rd_kafka_NewTopic_set_config(topic, "flush.messages", text_of("flush"));
    made[number++] = topic;
  }
  rd_kafka_queue_t *answers = rd_kafka_queue_new(client);
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_CREATETOPICS);
  rd_kafka_AdminOptions_set_request_timeout(options, DECLARE_MS_MAX, error, sizeof error);
  rd_kafka_AdminOptions_set_operation_timeout(options, DECLARE_MS_MAX, error, sizeof error);
  rd_kafka_CreateTopics(client, made, number, options, answers);
  rd_kafka_event_t *event = rd_kafka_queue_poll(answers, DECLARE_MS_MAX);
  const rd_kafka_CreateTopics_result_t *result = event == NULL ? NULL : rd_kafka_event_CreateTopics_result(event);
  if (result == NULL || rd_kafka_event_error(event)) fail("topics", event == NULL ? "no answer" : rd_kafka_event_error_string(event));
  size_t results;
  const rd_kafka_topic_result_t **each = rd_kafka_CreateTopics_result_topics(result, &results);
  for (size_t index = 0; index < results; index++)
    if (rd_kafka_topic_result_error(each[index])) fail(rd_kafka_topic_result_name(each[index]), rd_kafka_topic_result_error_string(each[index]));
  return 0;
}

int main(int count, char **values) {
  if (count > 1 && strcmp(values[1], "declare") == 0) return kafka_declare(count, values);
  return run_generator(count, values, &(generator){.produce = kafka_produce, .consume = kafka_consume});
}
