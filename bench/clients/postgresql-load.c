/*
 * A generator over libpq: one table for all partitions. What has come together while a transaction is on its way is the next
 * one: a COPY in binary form, or a prepared INSERT where it is one record. A consumer takes rows in order of their id with FOR
 * UPDATE SKIP LOCKED, deletes them, and commits when it has seen them.
 *
 *   cc -O2 -o postgresql-load postgresql-load.c -lpq
 */
#include "load.h"

#include <arpa/inet.h>
#include <postgresql/libpq-fe.h>

/* Rows that are taken in one transaction. Of single runs at 100 B the best; at 1 KiB 1000 was as good. */
#define TAKE_MAX "4000"
#define BYTEA_OID 17
#define INT4_OID 23
/* Of a row in the binary form of COPY, beside its value: the count of fields, two sizes and the partition. */
#define ROW_HEAD 14

static PGconn *connection;

static void connect_to_server(void) {
  char host[256], settings[512];
  int port = port_of(text_of("server"), host, sizeof host);
  snprintf(settings, sizeof settings, "host=%s port=%d user=postgres dbname=postgres sslmode=disable gssencmode=disable", host,
           port);
  connection = PQconnectdb(settings);
  if (PQstatus(connection) != CONNECTION_OK) fail("connect", PQerrorMessage(connection));
}

static void expect(PGresult *result, ExecStatusType status, const char *what) {
  if (PQresultStatus(result) != status) fail(what, PQerrorMessage(connection));
  PQclear(result);
}

static void prepare(const char *name, const char *text, int count, const Oid *types) {
  expect(PQprepare(connection, name, text, count, types), PGRES_COMMAND_OK, name);
}

/* ---- producing */

typedef struct {
  int partition;
  timing *times;
} row;

/* Records that are to be, or are, in one transaction. */
typedef struct {
  char *bytes;
  size_t used;
  row *rows;
  int count;
  double since_ns;
} transaction;

static transaction both[2], *next = &both[0], *on_its_way = &both[1];
static int is_busy, rows_max;
static double linger_ns;
static char copy_text[128];
static const char copy_head[19] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0";

static char *put(char *at, const void *from, size_t size) {
  memcpy(at, from, size);
  return at + size;
}

static char *put_int(char *at, int32_t number) {
  uint32_t big = htonl((uint32_t)number);
  return put(at, &big, 4);
}

static void flush_output(void) {
  if (PQflush(connection) < 0) fail("write", PQerrorMessage(connection));
}

static void begin_copy(void) {
  if (!PQsendQuery(connection, copy_text)) fail("COPY", PQerrorMessage(connection));
  expect(PQgetResult(connection), PGRES_COPY_IN, "COPY");
  const char end[2] = {'\377', '\377'};
  if (PQputCopyData(connection, copy_head, sizeof copy_head) != 1 ||
      PQputCopyData(connection, on_its_way->bytes, (int)on_its_way->used) != 1 ||
      PQputCopyData(connection, end, sizeof end) != 1 || PQputCopyEnd(connection, NULL) != 1)
    fail("COPY", PQerrorMessage(connection));
}

static void insert_one(void) {
  const char *bytes = on_its_way->bytes;
  const char *values[] = {bytes + 6, bytes + ROW_HEAD};
  const int sizes[] = {4, (int)on_its_way->used - ROW_HEAD}, formats[] = {1, 1};
  if (!PQsendQueryPrepared(connection, "insert_one", 2, values, sizes, formats, 1)) fail("INSERT", PQerrorMessage(connection));
}

static void begin_transaction(void) {
  transaction *begun = next;
  next = on_its_way;
  on_its_way = begun;
  is_busy = 1;
  if (begun->count == 1) insert_one();
  else begin_copy();
  flush_output();
}

static void begin_if_due(void) {
  if (is_busy || next->count == 0) return;
  if (next->count < rows_max && monotonic_ns() - next->since_ns < linger_ns) return;
  begin_transaction();
}

/* @returns whether the transaction on its way came to its end */
static int take_result(void) {
  if (!PQconsumeInput(connection)) fail("read", PQerrorMessage(connection));
  flush_output();
  if (PQisBusy(connection)) return 0;
  expect(PQgetResult(connection), PGRES_COMMAND_OK, "a record was lost");
  if (PQgetResult(connection) != NULL) fail("insert", "answered twice");
  for (int index = 0; index < on_its_way->count; index++)
    acknowledged(on_its_way->rows[index].partition, on_its_way->rows[index].times);
  on_its_way->count = 0;
  on_its_way->used = 0;
  is_busy = 0;
  return 1;
}

static void postgresql_progress(int ms) {
  begin_if_due();
  if (!is_busy) {
    /* Nothing comes back; what lingers is looked at again soon. */
    if (ms > 0) usleep(100);
    begin_if_due();
    return;
  }
  struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};
  if (PQflush(connection) == 1) socket.events |= POLLOUT;
  if (poll(&socket, 1, ms) > 0 && take_result()) begin_if_due();
}

static void postgresql_send(int partition, const uint8_t *value, size_t size, timing *times) {
  while (next->count == rows_max) postgresql_progress(100);
  if (next->count == 0) next->since_ns = monotonic_ns();
  uint16_t fields = htons(2);
  char *at = put(next->bytes + next->used, &fields, 2);
  at = put_int(put_int(at, 4), partition);
  at = put(put_int(at, (int32_t)size), value, size);
  next->used = at - next->bytes;
  next->rows[next->count++] = (row){partition, times};
}

static int postgresql_produce(void) {
  char text[256];
  connect_to_server();
  linger_ns = number_of("lingerMs") * 1e6;
  rows_max = (int)(number_of("batchBytes") / value_size);
  if (rows_max < 1) rows_max = 1;
  for (int index = 0; index < 2; index++) {
    both[index].bytes = malloc(rows_max * (value_size + ROW_HEAD));
    both[index].rows = malloc(rows_max * sizeof(row));
  }
  snprintf(copy_text, sizeof copy_text, "COPY \"%s\" (partition, value) FROM STDIN (FORMAT binary)", text_of("topic"));
  snprintf(text, sizeof text, "INSERT INTO \"%s\" (partition, value) VALUES ($1, $2)", text_of("topic"));
  prepare("insert_one", text, 2, (const Oid[]){INT4_OID, BYTEA_OID});
  PQsetnonblocking(connection, 1);
  return run_producer(&(producer_calls){.send = postgresql_send, .progress = postgresql_progress});
}

/* ---- consuming */

static int is_taken;

static void send_prepared(const char *name) {
  if (!PQsendQueryPrepared(connection, name, 0, NULL, NULL, NULL, 1)) fail(name, PQerrorMessage(connection));
}

/* The results of a query in a pipeline end with none. */
static PGresult *result_of(const char *name, ExecStatusType status) {
  PGresult *result = PQgetResult(connection);
  if (PQresultStatus(result) != status) fail(name, PQerrorMessage(connection));
  if (PQgetResult(connection) != NULL) fail(name, "answered twice");
  return result;
}

static void end_pipeline(void) { expect(PQgetResult(connection), PGRES_PIPELINE_SYNC, "sync"); }

/* What was seen is committed on the way to what comes next. */
static PGresult *take_rows(void) {
  if (is_taken) send_prepared("commit");
  send_prepared("begin");
  send_prepared("take");
  if (!PQpipelineSync(connection)) fail("sync", PQerrorMessage(connection));
  if (is_taken) PQclear(result_of("commit", PGRES_COMMAND_OK));
  PQclear(result_of("begin", PGRES_COMMAND_OK));
  PGresult *rows = result_of("take", PGRES_TUPLES_OK);
  end_pipeline();
  is_taken = 1;
  return rows;
}

/* In a transaction nobody is notified. */
static void end_transaction(void) {
  send_prepared("commit");
  if (!PQpipelineSync(connection)) fail("sync", PQerrorMessage(connection));
  PQclear(result_of("commit", PGRES_COMMAND_OK));
  end_pipeline();
  is_taken = 0;
}

/* @returns whether there are notifications; one that came since the last look is enough to look at the table */
static int take_notifications(void) {
  int count = 0;
  if (!PQconsumeInput(connection)) fail("read", PQerrorMessage(connection));
  for (PGnotify *notification; (notification = PQnotifies(connection)) != NULL; count++) PQfreemem(notification);
  return count > 0;
}

static int postgresql_take(int partitions, int ms) {
  PGresult *rows = take_rows();
  int count = PQntuples(rows);
  double now_ns = monotonic_ns();
  for (int index = 0; index < count; index++) {
    uint32_t partition;
    memcpy(&partition, PQgetvalue(rows, index, 0), 4);
    audit((int)ntohl(partition), partitions, (const uint8_t *)PQgetvalue(rows, index, 1),
          (size_t)PQgetlength(rows, index, 1), now_ns);
  }
  PQclear(rows);
  if (count > 0) return count;
  end_transaction();
  struct pollfd socket = {.fd = PQsocket(connection), .events = POLLIN};
  if (!take_notifications() && poll(&socket, 1, ms) > 0) take_notifications();
  return 0;
}

static int postgresql_consume(void) {
  char text[640];
  const char *topic = text_of("topic");
  connect_to_server();
  snprintf(text, sizeof text, "LISTEN \"%s\"", topic);
  expect(PQexec(connection, text), PGRES_COMMAND_OK, "LISTEN");
  prepare("begin", "BEGIN", 0, NULL);
  prepare("commit", "COMMIT", 0, NULL);
  /* By where they lie, which nobody else changes of rows that are locked: that saves a second way through the index. */
  snprintf(text, sizeof text,
           "WITH taken AS (DELETE FROM \"%s\" WHERE ctid = ANY (ARRAY("
           "SELECT ctid FROM \"%s\" ORDER BY id FOR UPDATE SKIP LOCKED LIMIT " TAKE_MAX "))"
           " RETURNING id, partition, value) SELECT partition, value FROM taken ORDER BY id",
           topic, topic);
  prepare("take", text, 0, NULL);
  /* A plan that was made when the table was empty reads and sorts all of it. */
  expect(PQexec(connection, "SET enable_seqscan = off"), PGRES_COMMAND_OK, "SET");
  expect(PQexec(connection, "SET enable_bitmapscan = off"), PGRES_COMMAND_OK, "SET");
  if (!PQenterPipelineMode(connection)) fail("pipeline", PQerrorMessage(connection));
  return run_consumer(postgresql_take);
}

int main(int count, char **values) {
  return run_generator(count, values, &(generator){.produce = postgresql_produce, .consume = postgresql_consume});
}
