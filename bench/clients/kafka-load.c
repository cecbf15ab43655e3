/*
 * A generator over librdkafka, the fastest client there is for Kafka.
 *
 *   cc -O2 -o kafka-load kafka-load.c -lrdkafka -lpthread
 */
#include "load.h"

#include <librdkafka/rdkafka.h>

static rd_kafka_t *client;
static rd_kafka_topic_t *topic;

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
  char error[512];
  if (rd_kafka_conf_set(conf, name, value, error, sizeof error) != RD_KAFKA_CONF_OK) fail(name, error);
}

/* ---- producing */

static void delivered(rd_kafka_t *of, const rd_kafka_message_t *message, void *opaque) {
  (void)of;
  (void)opaque;
  if (message->err) fail("a record was lost", rd_kafka_err2str(message->err));
  acknowledged(message->partition, message->_private);
}

static void kafka_send(int partition, const uint8_t *value, size_t size, timing *times) {
  while (rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value, size, NULL, 0, times) != 0) {
    if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) fail("produce", rd_kafka_err2str(rd_kafka_last_error()));
    rd_kafka_poll(client, 1);
  }
}

static void kafka_progress(int ms) { rd_kafka_poll(client, ms); }

static int kafka_produce(void) {
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
  client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
  if (client == NULL) fail("no producer", error);
  topic = rd_kafka_topic_new(client, text_of("topic"), NULL);
  const struct rd_kafka_metadata *metadata;
  if (rd_kafka_metadata(client, 0, topic, &metadata, 10000) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("metadata", "none came");
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
    audit(batch[index]->partition, partitions, batch[index]->payload, batch[index]->len, now_ns);
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
  for (int partition = 0; partition < partitions; partition++)
    rd_kafka_topic_partition_list_add(list, text_of("topic"), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  if (rd_kafka_assign(client, list) != RD_KAFKA_RESP_ERR_NO_ERROR) fail("assign", "refused");
  queue = rd_kafka_queue_get_consumer(client);
  return run_consumer(kafka_take);
}

int main(int count, char **values) {
  return run_generator(count, values, &(generator){.produce = kafka_produce, .consume = kafka_consume});
}
