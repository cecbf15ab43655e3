/**
 * What has bitten others, or us, on this stack, and what keeps it from biting again: a test, a rule over the sources, or the
 * reason why there is nothing to bite. traps.test.ts checks that the tests exist and that the rules hold.
 */
export interface Trap {
  readonly trap: string;
  /** Files and the tests in them, by their names as they stand there. */
  readonly tests?: readonly (readonly [file: string, name: string])[];
  /** No source in these folders or files may match. */
  readonly never?: readonly (readonly [path: string, pattern: RegExp])[];
  /** Each of these files must match. */
  readonly always?: readonly (readonly [path: string, pattern: RegExp])[];
  /** Why it needs no test, or no more than is named. */
  readonly because?: string;
}

const PRESSURE = "test/server/pressure.test.ts";
const HOSTILE = "test/server/hostilities.ts";
const DOOR = "src/server/websocket-server.ts";
const FUZZ = [
  "test/server/fuzz.test.ts",
  "a broker survives hostile frames, serves a healthy client beside them, and keeps no memory of them",
] as const;
const SLOW_READER = [
  PRESSURE,
  "one that does not read its subscription slows only itself, and gets all of it when it does",
] as const;
const DEATHS = ["test/workers/faults.test.ts", "H1: a worker that dies while %s (%s) loses"] as const;
const COPIED = ["test/broker/intake.test.ts", "what is kept aside is a copy: the frame is the caller's again"] as const;
const ROOMS = ["test/tooling/arrows.test.ts", "a room reaches the rooms below it and no others"] as const;

const receiving: readonly Trap[] = [
  {
    trap: "A received message is a view of the library's own buffer and ends with the callback: kept, awaited over or transferred to a thread it turns into other bytes.",
    tests: [COPIED, FUZZ],
    never: [[DOOR, /message:\s*async|postMessage|transfer/]],
  },
  {
    trap: "An asynchronous message handler loses the library's corking at its first await.",
    never: [[DOOR, /(message|drain|open|close|upgrade):\s*async/]],
  },
  {
    trap: "A frame that two receives bring, or a message in fragments, is put together by the library: what we see must be whole whatever the cuts.",
    tests: [
      ["test/client/cuts.test.ts", "50 cut sockets lose, repeat, reorder and alter nothing (%s)"],
      [PRESSURE, "half-open sockets are cut off, in whatever state they are, and with them what they held"],
    ],
  },
  {
    trap: "The default limit of a message is 16 KiB, and a larger one closes the socket without a word.",
    tests: [
      [HOSTILE, "a message of one byte more than may be"],
      ["test/client/producer.test.ts", "sends a record above the inline limit in parts, in its place among the others"],
    ],
    always: [[DOOR, /maxPayloadLength: REQUEST_BYTES_MAX/]],
  },
  {
    trap: "An idle timeout outside 8 to 960 seconds ends the process.",
    tests: [[PRESSURE, "an idle time that the library does not bear is refused before it is asked"]],
  },
  {
    trap: "A connection's longest life beyond 240 minutes ends the process.",
    never: [["src/server", /maxLifetime/]],
    because: "It is left at its default, none.",
  },
  {
    trap: "The request of an upgrade lives on the stack: headers read after the handler returned are garbage.",
    never: [[DOOR, /upgrade: async|await request/]],
    tests: [[PRESSURE, "connections beyond the limit are told so before they are any"]],
  },
  {
    trap: "A WebSocket's reads cannot be paused, so a sender must be bounded by credit.",
    tests: [
      [HOSTILE, "more than the window allows"],
      [HOSTILE, "more than the window allows, and no answer wanted"],
      [PRESSURE, "one that sends %s without end is cut off, and others go on meanwhile"],
      ["test/client/producer.test.ts", "the window is never exceeded, and a smaller one is answered"],
      [
        "test/broker/intake.test.ts",
        "what is kept aside is bounded, with what it costs to keep it; beyond that BUSY comes at once",
      ],
    ],
  },
  {
    trap: "A record a frame costs half a microsecond each: batches, or nothing is fast.",
    tests: [["test/client/producer.test.ts", "puts what is sent in one turn into one batch"]],
  },
];

const sending: readonly Trap[] = [
  {
    trap: "A send of 16 KiB or more from inside `drain` may hang its socket for ever.",
    tests: [SLOW_READER],
    always: [[DOOR, /drain: \(socket\) => \{[^}]*\}[^}]*setImmediate\(\(\) => connection\?\.drained\(\)\)/]],
  },
  {
    trap: "A send may be dropped when too much waits, and what was dropped is a lost answer.",
    tests: [[PRESSURE, "one that does not take its answers is cut off"], SLOW_READER],
    always: [[DOOR, /closeOnBackpressureLimit: true/]],
  },
  {
    trap: "The default limit of what waits is 64 KiB, and is looked at before a send, so that one message overshoots.",
    tests: [[PRESSURE, "one that does not take its answers is cut off"]],
    always: [[DOOR, /maxBackpressure: BACKPRESSURE_MAX/]],
  },
  {
    trap: "Pings are answered by the library, and where something waits, each answer is an attempt to send all of it.",
    tests: [
      [PRESSURE, "one that pings and pings, and does not read, is cut off long before what it does not read is much"],
      [PRESSURE, "one that stalls while its library pings as libraries do is waited for"],
      [HOSTILE, "more pings than any heartbeat needs"],
    ],
  },
  {
    trap: "Log data leaves without a copy only where nothing is corked before it; small answers in the same cork take that away.",
    never: [["src/server/read-side.ts", /\.cork\(/]],
    because:
      "Only acknowledgements are corked, in AckQueue.send; slices leave outside. That it is so shows in the canonical benchmark.",
  },
  {
    trap: "Outside the library's callbacks nothing is corked: small sends go out one by one.",
    always: [["src/server/produce-side.ts", /socket\.cork\(\(\) => this\.#acks\.send/]],
    tests: [FUZZ],
  },
  {
    trap: "Only one socket can be corked at a time.",
    never: [["src/server", /cork\(async|cork\([^)]*\bcork\(/]],
    because: "What runs corked is one synchronous loop over one connection's acknowledgements.",
  },
  {
    trap: "A send takes no DataView.",
    never: [[DOOR, /DataView/]],
    because: "ClientSocket takes Uint8Array alone, which the compiler checks.",
  },
  {
    trap: "Between the first and the last fragment of a message nothing else may be sent on its socket.",
    always: [[DOOR, /sendFirstFragment\(prefix, true, false\);\s*this\.#socket\.sendLastFragment/]],
    tests: [SLOW_READER],
  },
  {
    trap: "A socket that was ever subscribed to one of the library's topics loses its copy-free path, and publishing drops.",
    never: [["src/server", /\bsocket\.(subscribe|publish)\(|\bapp\.publish\(/i]],
  },
  {
    trap: "Compression of messages by the library costs the copy-free path.",
    never: [["src/server", /compression:|DEDICATED_COMPRESSOR|SHARED_COMPRESSOR/]],
    because: "It is off unless asked for; batches are compressed by clients, end to end.",
  },
  {
    trap: "Under TLS nothing leaves without a copy.",
    because: "There is no TLS yet; the path is the same, and slower.",
  },
  { trap: "Unix sockets flatter a comparison with brokers that have none.", because: "We listen on TCP alone." },
];

const threads: readonly Trap[] = [
  {
    trap: "A worker that ends with an open App of the library aborts the process.",
    tests: [ROOMS],
    never: [["src/workers", /uWebSockets|uws/i]],
    because: "Sockets are the main thread's; rooms below src/server cannot import it.",
  },
  {
    trap: "A balancer of the thread pool that returns nothing blocks everybody's tasks behind one.",
    never: [["src/workers", /loadBalancer/]],
    because: "Each log worker is a pool of its own with one thread.",
  },
  {
    trap: "The thread pool starts one and a half threads per processor unless told.",
    always: [
      ["src/workers/one-thread-pool.ts", /minThreads: 1,\s*maxThreads: 1,/],
      ["src/workers/maintenance-host.ts", /oneThreadPool\(/],
      ["src/workers/log-worker-host.ts", /oneThreadPool\(/],
    ],
    tests: [["test/server/restart.test.ts", "hold no file, no thread and no block"]],
  },
  {
    trap: "While the thread pool waits synchronously for tasks, timers in its workers stand still.",
    never: [
      ["src/workers/log-worker.ts", /setTimeout|setInterval/],
      ["src/workers/maintenance-thread.ts", /setTimeout|setInterval/],
    ],
    because: "No worker has a timer: the watchdog looks from the main thread.",
  },
  {
    trap: "Workers change their order when one is replaced.",
    tests: [DEATHS],
    because: "A partition knows its pool, which keeps its place.",
  },
  {
    trap: "Waiting on shared memory would stop the main thread, and with it every socket.",
    tests: [["test/tooling/tidy.test.ts", "blocking wait"]],
  },
  {
    trap: "An asynchronous wait on shared memory with a timeout leaves a delayed task behind each time.",
    never: [["src", /waitAsync\((?:[^,()]+,){3}/]],
  },
];

const core: readonly Trap[] = [
  {
    trap: "A second instance of the core on the same memory would set static data back, and heaps of two instances meet.",
    tests: [
      ["test/assembly/build-core.test.ts", "holds no state of its own, %s"],
      ["test/wasm/core.test.ts", "do not disturb each other: a new one changes no byte"],
    ],
  },
  {
    trap: "A memory that grows leaves every older view short.",
    never: [
      ["src/workers", /\.grow\(/],
      ["src/storage", /\.grow\(/],
      ["src/server", /\.grow\(/],
    ],
    always: [["src/workers/thread-log-store.ts", /initial: pages, maximum: pages, shared: true/]],
  },
  {
    trap: "A vector of a FlatBuffer may claim more bytes than its frame has, and its view then holds a neighbour's.",
    tests: [
      ["test/protocol/verifier.test.ts", "a batch that claims %d bytes of 1,000"],
      ["test/protocol/verifier.test.ts", "would make the official accessors read outside it, were it not refused"],
      [HOSTILE, "a batch of 2^32 - 1 bytes"],
      FUZZ,
    ],
  },
  {
    trap: "Every ByteBuffer of FlatBuffers makes a TextDecoder, which costs more than reading the frame.",
    never: [
      ["src/protocol/produce.ts", /ByteBuffer\(/],
      ["src/protocol/data.ts", /ByteBuffer\(/],
      ["src/protocol/verifier.ts", /ByteBuffer\(/],
    ],
    because: "Hot frames are read in place by the verifier's positions.",
  },
  {
    trap: "Copies into shared memory are slow in older Nodes and at odd alignments, so that each more than one counts.",
    tests: [["test/broker/tail.test.ts", "a tail is the end of the log without a hole, whatever happens"]],
    never: [
      ["src/server", /memory\.bytes\.set\(/],
      ["src/broker", /memory\.bytes\.set\(/],
    ],
    because: "copy-into-shared.ts is the one copy of a batch, by Node's native copy.",
  },
];

const disk: readonly Trap[] = [
  {
    trap: "A file that was only made longer is sparse: its blocks are still to be allocated.",
    never: [["src/storage", /fallocate/]],
    because: "Segments are not preallocated by length; a log's end is where its batches end.",
  },
  {
    trap: "A recycled segment holds old batches that are valid in themselves.",
    tests: [["test/wasm/scan.test.ts", "ends where nothing was written"]],
    because: "No segment is recycled (contract B7): a new one begins as a new file.",
  },
  {
    trap: "A write may be short, and a full disk must refuse without an acknowledgement or a trace.",
    tests: [
      [
        "test/storage/log.test.ts",
        "D5 B7: a full disk refuses with NO_SPACE, leaves no trace, serves reads, and takes writes again by itself",
      ],
      ["test/storage/disk.test.ts", "a failed write stops where the test says"],
    ],
  },
  {
    trap: "After a sync that failed the kernel calls the pages clean: trying again proves nothing.",
    tests: [
      [
        "test/storage/log.test.ts",
        "D4: after a failed sync nothing above the durable end is left, and the log goes on in a new file",
      ],
      ["test/storage/disk.test.ts", "bytes whose sync failed are read until a power cut, and no later sync saves them"],
    ],
  },
];

const measuring: readonly Trap[] = [
  {
    trap: "Memory that the machine has never touched is slow at its first use and spoils the first run of a benchmark.",
    always: [["bench/canonical.ts", /Memory that the machine has never touched is slow/]],
    because: "A throughput run that does not count comes first.",
  },
  {
    trap: "After a few gigabytes the kernel throttles writers of dirty pages.",
    because:
      "It belongs to what is measured: rows say how long they run, the topics of a run go with its folder, and no test asserts a time.",
  },
  {
    trap: "Clients of a benchmark eat more than half of the processors.",
    always: [["bench/canonical/throughput.ts", /[cC]pu/]],
    because: "Broker and clients are processes of their own, and their CPU is reported apart.",
  },
  {
    trap: "uWebSockets.js has no binary for some Nodes and C libraries.",
    tests: [
      [
        "test/server/uws.test.ts",
        "where none loads the error names the machine, what each package said, and the way out",
      ],
      ["test/server/uws.test.ts", "uWebSockets.js serves on the pinned Node"],
    ],
  },
  {
    trap: "A masking key of zero is cheap and not random, as the RFC wants it of browsers.",
    tests: [["test/client/browser.test.ts", "produces and consumes"]],
    because: "Our Node client alone uses it; a browser's keys are its own, and the broker takes any.",
  },
  {
    trap: "Small messages wait for others unless Nagle's algorithm is off, on both sides.",
    always: [["src/client/transport-node.ts", /noDelay: true/]],
    because: "The library turns it off on the broker's side.",
  },
];

export const traps: readonly Trap[] = [...receiving, ...sending, ...threads, ...core, ...disk, ...measuring];
