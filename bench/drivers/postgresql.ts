/**
 * PostgreSQL, as many use it for a queue: a table, rows taken in order of their id with FOR UPDATE SKIP LOCKED and deleted in the
 * transaction that took them; libpq is its client. All partitions are in the one table, as a column.
 *
 * `disk` is synchronous_commit = on, the default: an answer follows the sync of the log. `os` is synchronous_commit = off, the
 * nearest that its authors recommend, and it is not quite that: an answer may come before the log is even written to the system,
 * which happens within three times wal_writer_delay (600 ms). So, unlike the other peers at `os`, it may lose the last 600 ms also
 * when nothing but its processes are killed; like them it may when the machine stops, and like theirs its data stay consistent.
 * What would be `os` to the letter, fsync = off, may leave a database that is beyond repair, and nobody should run that.
 */
import { execFile, execFileSync } from "node:child_process";
import { chownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BrokerUnderTest, Driver } from "../../src/bench/driver.ts";
import type { Durability } from "../../src/bench/workload.ts";
import { needDebianPackages } from "./debian.ts";
import { compileGenerator } from "./generator-in-c.ts";
import { freePort, ServerProcess } from "./server-process.ts";

const run = promisify(execFile);
const VERSIONS = "/usr/lib/postgresql";
const READY_SECONDS_MAX = 60;
const USER = "postgres";
/** Protocol 3.0, and who asks; it is answered by R, "authentication", or by E when it does not serve yet. */
const STARTUP = startupMessage(["user", USER, "database", "postgres"]);
const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  // What its manual says for a machine of its own with this memory, and for writing much (chapters 20.4, 30.5).
  shared_buffers: "1GB",
  wal_buffers: "64MB",
  max_wal_size: "16GB",
  checkpoint_timeout: "15min",
  // One node, of which nobody has a copy.
  wal_level: "minimal",
  max_wal_senders: "0",
  // A queue leaves a dead row for each record, over which every look for the first has to go until they are cleared away.
  autovacuum_naptime: "1s",
  autovacuum_vacuum_cost_delay: "0",
};

/** @throws Error  the server, libpq or a C compiler is not to be had */
export async function postgresqlDriver(): Promise<Driver> {
  needDebianPackages({ postgresql: VERSIONS, "libpq-dev": "/usr/include/postgresql/libpq-fe.h" });
  const newest = readdirSync(VERSIONS).toSorted((left, right) => Number(right) - Number(left))[0]!;
  const programs = join(VERSIONS, newest, "bin");
  needDebianPackages({ postgresql: join(programs, "postgres") });
  const { stdout } = await run(join(programs, "postgres"), ["--version"]);
  const generator = await compileGenerator("postgresql", ["pq"]);
  return {
    name: `PostgreSQL ${/\d+\.\d+/.exec(stdout)?.[0]} table with SKIP LOCKED, libpq; os: synchronous_commit=off`,
    client: "",
    produce: [generator, "produce"],
    consume: [generator, "consume"],
    isQueue: true,
    lacks: ({ durability, consumers, readers, inFlight }) => {
      if (inFlight > 1) return "a connection has one transaction at a time";
      if (consumers > 1 || readers > 1) return "a record is taken by one consumer";
      return durability === "memory" ? "it has no table of a queue in memory" : null;
    },
    start: (folder, durability) => startPostgresql(programs, folder, durability),
  };
}

async function startPostgresql(programs: string, folder: string, durability: Durability): Promise<BrokerUnderTest> {
  mkdirSync(folder, { recursive: true });
  const user = unprivileged();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", USER, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
  await run(join(programs, "initdb"), initdb, { cwd: folder, ...user });
  const port = await freePort();
  const synchronous = durability === "disk" ? "on" : "off";
  const settings = Object.entries({ ...SETTINGS, port: String(port), synchronous_commit: synchronous });
  const server = await ServerProcess.start({
    program: join(programs, "postgres"),
    args: ["-D", data, ...settings.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    folder,
    port,
    question: STARTUP,
    answer: "R",
    secondsMax: READY_SECONDS_MAX,
    ...(user !== undefined && { user }),
  });
  const sql = (text: string): Promise<unknown> =>
    run(join(programs, "psql"), [
      "-h",
      "127.0.0.1",
      "-p",
      String(port),
      "-U",
      USER,
      "-v",
      "ON_ERROR_STOP=1",
      "-c",
      text,
    ]);
  return {
    server: `127.0.0.1:${port}`,
    pid: server.pid,
    readyMs: server.readyMs,
    createTopics: async ({ names: [name] }) => void (await sql(createQueue(name!))),
    stop: () => server.stop(),
    kill: () => server.kill(),
  };
}

/** Whoever waits for records is told by a notification for each statement that inserts some. */
function createQueue(name: string): string {
  return `
    CREATE TABLE "${name}" (id bigserial PRIMARY KEY, partition int NOT NULL, value bytea NOT NULL);
    ALTER TABLE "${name}" ALTER value SET STORAGE EXTERNAL;
    CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('${name}', ''); RETURN NULL; END $$;
    CREATE TRIGGER tell AFTER INSERT ON "${name}" FOR EACH STATEMENT EXECUTE FUNCTION tell();`;
}

/** @returns whom Debian made for it, where root runs this: as root it refuses to run */
function unprivileged(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (what: "-u" | "-g"): number => Number(execFileSync("id", [what, USER], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function startupMessage(parameters: readonly string[]): Buffer {
  const body = Buffer.from(`${parameters.map((word) => `${word}\0`).join("")}\0`);
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(3 << 16, 4);
  return Buffer.concat([head, body]);
}
