/*
 * A generator over rabbitmq-c: a queue and a channel for each partition on one connection, publisher confirms, and consumers that
 * acknowledge many records at once.
 *
 *   cc -O2 -o rabbitmq-load rabbitmq-load.c -lrabbitmq
 *
 *   rabbitmq-load declare server=HOST:PORT topic=NAME partitions=N type=quorum|stream
 */
#include "load.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>

/* What our own client keeps by default. Of single runs the best for quorum queues; streams took a quarter more with 2,000. */
#define IN_FLIGHT_BYTES_MAX (32 << 20)
#define IN_FLIGHT_MAX 10000
/* Frames that are put into one write. */
#define OUTPUT_BYTES_MAX (128 << 10)
#define FRAME_BYTES_MAX 131072
#define FRAME_OVERHEAD 8
#define PREFETCH 1000
/* A consumer acknowledges so many at once, or what it has when nothing more has come. */
#define ACK_COUNT 250
#define FRAMES_MAX 8192

static amqp_connection_state_t connection;

static void check(int status, const char *what) {
  if (status < 0) fail(what, amqp_error_string2(status));
}

static void check_rpc(const char *what) {
  amqp_rpc_reply_t reply = amqp_get_rpc_reply(connection);
  if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
  fail(what, reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION ? amqp_error_string2(reply.library_error) : "refused");
}

static amqp_bytes_t queue_of(int partition) {
  static char name[128];
  snprintf(name, sizeof name, "%s-%d", text_of("topic"), partition);
  return amqp_cstring_bytes(name);
}

static amqp_channel_t channel_of(int partition) { return (amqp_channel_t)(partition + 1); }
static int partition_of(amqp_channel_t channel) { return channel - 1; }

static void connect_to_server(void) {
  char host[256];
  int port = port_of(text_of("server"), host, sizeof host);
  connection = amqp_new_connection();
  check(amqp_socket_open(amqp_tcp_socket_new(connection), host, port), "connect");
  amqp_rpc_reply_t reply =
      amqp_login(connection, "/", 0, FRAME_BYTES_MAX, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest");
  if (reply.reply_type != AMQP_RESPONSE_NORMAL) fail("login", "refused");
  for (int partition = 0; partition < (int)number_of("partitions"); partition++) {
    amqp_channel_open(connection, channel_of(partition));
    check_rpc("channel");
  }
}

static amqp_table_entry_t text_entry(const char *name, const char *value) {
  return (amqp_table_entry_t){
      .key = amqp_cstring_bytes(name),
      .value = {.kind = AMQP_FIELD_KIND_UTF8, .value.bytes = amqp_cstring_bytes(value)},
  };
}

static int declare(void) {
  amqp_table_entry_t type = text_entry("x-queue-type", text_of("type"));
  connect_to_server();
  for (int partition = 0; partition < (int)number_of("partitions"); partition++) {
    amqp_queue_declare(connection, channel_of(partition), queue_of(partition), 0, 1, 0, 0, (amqp_table_t){1, &type});
    check_rpc("declare");
  }
  return 0;
}

/* @returns whether a frame came within `ms` */
static int next_frame(amqp_frame_t *frame, int ms) {
  struct timeval wait = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
  int status = amqp_simple_wait_frame_noblock(connection, frame, &wait);
  if (status == AMQP_STATUS_TIMEOUT) return 0;
  check(status, "read");
  return 1;
}

/* ---- producing */

/* Records of a partition that wait for their confirms, by delivery tag. */
typedef struct {
  timing **times;
  uint8_t *is_confirmed;
  uint64_t first, end;
} confirms;

static confirms waiting[PARTITIONS_MAX];
static uint64_t in_flight_max;
/*
 * The library makes three system calls for a record. Frames are put together here, as clients in other languages do it, with what
 * is before a value's first byte made once for each partition: only the value differs.
 */
static uint8_t *heads[PARTITIONS_MAX];
static size_t head_sizes[PARTITIONS_MAX];
static uint8_t *output;
static size_t output_bytes;

static uint8_t *put_int(uint8_t *at, uint32_t number) {
  uint32_t big = htonl(number);
  memcpy(at, &big, 4);
  return at + 4;
}

/* @returns where the payload begins */
static uint8_t *put_frame(uint8_t *at, uint8_t type, amqp_channel_t channel, size_t size) {
  *at++ = type;
  *at++ = channel >> 8;
  *at++ = channel & 255;
  return put_int(at, (uint32_t)size);
}

static uint8_t *end_frame(uint8_t *begin, uint8_t type, amqp_channel_t channel, uint8_t *end) {
  put_frame(begin, type, channel, end - begin - (FRAME_OVERHEAD - 1));
  *end++ = AMQP_FRAME_END;
  return end;
}

static void make_head(int partition) {
  amqp_basic_publish_t publish = {.routing_key = queue_of(partition)};
  amqp_basic_properties_t properties = {._flags = AMQP_BASIC_DELIVERY_MODE_FLAG, .delivery_mode = 2};
  amqp_channel_t channel = channel_of(partition);
  uint8_t *at = heads[partition] = malloc(512), *begin = at;
  at = put_int(begin + FRAME_OVERHEAD - 1, AMQP_BASIC_PUBLISH_METHOD);
  int size = amqp_encode_method(AMQP_BASIC_PUBLISH_METHOD, &publish, (amqp_bytes_t){256, at});
  check(size, "publish");
  begin = end_frame(begin, AMQP_FRAME_METHOD, channel, at + size);
  at = put_int(begin + FRAME_OVERHEAD - 1, AMQP_BASIC_CLASS << 16);
  at = put_int(put_int(at, 0), (uint32_t)value_size);
  size = amqp_encode_properties(AMQP_BASIC_CLASS, &properties, (amqp_bytes_t){64, at});
  check(size, "properties");
  head_sizes[partition] = end_frame(begin, AMQP_FRAME_HEADER, channel, at + size) - heads[partition];
}

static void confirm(int partition, confirms *of, uint64_t tag) {
  uint64_t index = tag % in_flight_max;
  if (of->is_confirmed[index]) return;
  of->is_confirmed[index] = 1;
  acknowledged(partition, of->times[index]);
}

static void take_confirms(int ms) {
  amqp_frame_t frame;
  for (int count = 0; next_frame(&frame, count == 0 ? ms : 0); count++) {
    if (frame.frame_type != AMQP_FRAME_METHOD) continue;
    if (frame.payload.method.id != AMQP_BASIC_ACK_METHOD) fail("a record was lost", amqp_method_name(frame.payload.method.id));
    const amqp_basic_ack_t *ack = frame.payload.method.decoded;
    int partition = partition_of(frame.channel);
    confirms *of = &waiting[partition];
    for (uint64_t tag = ack->multiple ? of->first : ack->delivery_tag; tag <= ack->delivery_tag; tag++)
      confirm(partition, of, tag);
    while (of->first < of->end && of->is_confirmed[of->first % in_flight_max]) of->first++;
    amqp_maybe_release_buffers_on_channel(connection, frame.channel);
  }
}

static void write_output(void) {
  struct pollfd socket = {.fd = amqp_get_sockfd(connection), .events = POLLIN | POLLOUT};
  for (size_t written = 0; written < output_bytes;) {
    ssize_t count = send(socket.fd, output + written, output_bytes - written, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (count >= 0) {
      written += count;
      continue;
    }
    if (errno != EAGAIN) fail("write", strerror(errno));
    if (poll(&socket, 1, 1000) > 0 && (socket.revents & POLLIN)) take_confirms(0);
  }
  output_bytes = 0;
}

static void rabbitmq_progress(int ms) {
  if (output_bytes > 0) write_output();
  if (acked_total == sent && ms > 0) usleep(100);
  else take_confirms(ms);
}

static void rabbitmq_send(int partition, const uint8_t *value, size_t size, timing *times) {
  confirms *of = &waiting[partition];
  while (of->end - of->first == in_flight_max || sent - acked_total >= in_flight_max) rabbitmq_progress(100);
  of->times[of->end % in_flight_max] = times;
  of->is_confirmed[of->end++ % in_flight_max] = 0;
  memcpy(output + output_bytes, heads[partition], head_sizes[partition]);
  uint8_t *at = output + output_bytes + head_sizes[partition];
  for (size_t from = 0; from < size;) {
    size_t part = size - from < FRAME_BYTES_MAX - FRAME_OVERHEAD ? size - from : FRAME_BYTES_MAX - FRAME_OVERHEAD;
    at = put_frame(at, AMQP_FRAME_BODY, channel_of(partition), part);
    memcpy(at, value + from, part);
    at += part;
    *at++ = AMQP_FRAME_END;
    from += part;
  }
  output_bytes = at - output;
  if (output_bytes >= OUTPUT_BYTES_MAX) write_output();
}

static int rabbitmq_produce(void) {
  connect_to_server();
  in_flight_max = 1 + IN_FLIGHT_BYTES_MAX / value_size;
  if (in_flight_max > IN_FLIGHT_MAX) in_flight_max = IN_FLIGHT_MAX;
  output = malloc(OUTPUT_BYTES_MAX + 2 * value_size + 1024);
  for (int partition = 0; partition < (int)number_of("partitions"); partition++) {
    amqp_confirm_select(connection, channel_of(partition));
    check_rpc("confirms");
    confirms *of = &waiting[partition];
    *of = (confirms){calloc(in_flight_max, sizeof *of->times), calloc(in_flight_max, 1), 1, 1};
    make_head(partition);
  }
  return run_producer(&(producer_calls){.send = rabbitmq_send, .progress = rabbitmq_progress});
}

/* ---- consuming */

/* A record that is coming in, and those before it that are not acknowledged. */
typedef struct {
  uint64_t tag, whole_tag;
  size_t size, got;
  uint8_t *value;
  int unacked;
} delivery;

static delivery deliveries[PARTITIONS_MAX];

static void acknowledge(int partition) {
  delivery *of = &deliveries[partition];
  check(amqp_basic_ack(connection, channel_of(partition), of->whole_tag, 1), "acknowledge");
  of->unacked = 0;
}

/* @returns whether a record is whole */
static int take_frame(const amqp_frame_t *frame, int partitions, double now_ns) {
  int partition = partition_of(frame->channel);
  delivery *of = &deliveries[partition];
  if (frame->frame_type == AMQP_FRAME_METHOD) {
    if (frame->payload.method.id != AMQP_BASIC_DELIVER_METHOD) fail("consume", amqp_method_name(frame->payload.method.id));
    of->tag = ((const amqp_basic_deliver_t *)frame->payload.method.decoded)->delivery_tag;
    return 0;
  }
  if (frame->frame_type == AMQP_FRAME_HEADER) {
    of->size = frame->payload.properties.body_size;
    of->got = 0;
    return 0;
  }
  amqp_bytes_t part = frame->payload.body_fragment;
  const uint8_t *value = part.bytes;
  if (part.len < of->size) {
    if (of->value == NULL) of->value = malloc(value_size);
    if (of->size != value_size || of->got + part.len > value_size) fail("consume", "a record of another size");
    memcpy(of->value + of->got, part.bytes, part.len);
    of->got += part.len;
    if (of->got < of->size) return 0;
    value = of->value;
  }
  of->whole_tag = of->tag;
  audit(partition, partitions, value, of->size, now_ns);
  if (++of->unacked >= ACK_COUNT) acknowledge(partition);
  return 1;
}

static int rabbitmq_take(int partitions, int ms) {
  amqp_frame_t frame;
  int count = 0, frames = 0;
  double now_ns = 0;
  while (frames < FRAMES_MAX && next_frame(&frame, frames == 0 ? ms : 0)) {
    if (frames++ % 64 == 0) now_ns = monotonic_ns();
    count += take_frame(&frame, partitions, now_ns);
    amqp_maybe_release_buffers_on_channel(connection, frame.channel);
  }
  if (frames == FRAMES_MAX) return count;
  for (int partition = 0; partition < partitions; partition++)
    if (deliveries[partition].unacked > 0) acknowledge(partition);
  return count;
}

static int rabbitmq_consume(void) {
  int is_stream = strcmp(text_of("type"), "stream") == 0;
  amqp_table_entry_t from = text_entry("x-stream-offset", "first");
  connect_to_server();
  for (int partition = 0; partition < (int)number_of("partitions"); partition++) {
    amqp_basic_qos(connection, channel_of(partition), 0, PREFETCH, 0);
    check_rpc("prefetch");
    amqp_basic_consume(connection, channel_of(partition), queue_of(partition), amqp_empty_bytes, 0, 0, 0,
                       (amqp_table_t){is_stream, &from});
    check_rpc("consume");
  }
  return run_consumer(rabbitmq_take);
}

int main(int count, char **values) {
  argument_count = count;
  argument_values = values;
  if (count > 1 && strcmp(values[1], "declare") == 0) return declare();
  return run_generator(count, values, &(generator){.produce = rabbitmq_produce, .consume = rabbitmq_consume});
}
