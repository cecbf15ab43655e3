/**
 * The arrows of the house: which room may import which, and which room alone may touch what.
 * Run by scripts/check-arrows.ts; test/tooling/arrows.test.ts proves that every rule can fail.
 */

/** Room → rooms below it that it may import. A room may always import itself. */
const mayImport = {
  assembly: [],
  "src/base": [],
  "src/wasm": ["src/base", "assembly/layout[.]ts$"],
  "src/storage": ["src/base", "src/wasm"],
  "src/broker": ["src/base", "src/storage"],
  "src/protocol": ["src/base", "src/wasm"],
  "src/workers": ["src/base", "src/wasm", "src/storage", "src/broker"],
  "src/security": ["src/base"],
  "src/server": ["src/base", "src/wasm", "src/storage", "src/broker", "src/protocol", "src/workers", "src/security"],
  "src/cluster": ["src/base", "src/wasm", "src/storage", "src/broker", "src/protocol", "src/workers", "src/security"],
  "src/client": ["src/base", "src/wasm", "src/protocol"],
  "src/bench": ["src/base", "src/client"],
  "src/cli": ["src/base", "src/client", "src/server", "src/storage", "src/bench"],
  "src/(index|main)[.]ts$": ["src", "assembly/layout[.]ts$"],
  console: ["src/client"],
};

const builtin = (names) => `^(node:)?(${names})(/|$)`;
const npm = (names) => `(^|/node_modules/)(${names})(/|$)`;

/** What only some places of `src/` may import. Tests and scripts are free. */
const onlyIn = [
  { what: "uWebSockets.js", path: npm("uWebSockets[.]js|uws-pack|@uwsjs"), places: ["src/server/"] },
  { what: "threads", path: [builtin("worker_threads"), npm("piscina")], places: ["src/workers/"] },
  { what: "processes", path: builtin("child_process|cluster"), places: ["src/cli/", "src/bench/"] },
  { what: "files", path: builtin("fs"), places: ["src/storage/", "src/cli/", "src/bench/"] },
  {
    what: "sockets",
    path: builtin("net|tls|dgram|http|https|http2"),
    places: ["src/server/", "src/client/transport-node[.]ts$", "src/bench/(idle|loopback)-load[.]ts$"],
  },
];

const at = (place) => `^${place}${place.endsWith("/") || place.endsWith("$") ? "" : "/"}`;
const rooms = "^(assembly|bench|build|console|examples|schemas|scripts|src|test)/";

const rules = [
  ...Object.entries(mayImport).map(([room, below]) => ({
    name: `imports of ${room}`,
    comment: `${room} may import ${below.join(", ") || "nothing of ours"}. Move the code down, or pass it in as an argument.`,
    from: { path: at(room) },
    to: { path: rooms, pathNot: [room, ...below].map(at) },
  })),
  {
    name: "every file of src is in a room",
    comment: "A new room needs its line in `mayImport`, and in the design.",
    from: { path: "^src/", pathNot: Object.keys(mayImport).map(at) },
    to: {},
  },
  {
    name: "broker takes only interfaces of storage",
    comment: "The broker has no I/O of its own: import types, and take the objects as arguments.",
    from: { path: "^src/broker/" },
    to: { path: "^src/storage/", dependencyTypesNot: ["type-only"] },
  },
  {
    name: "the client and what it stands on run in browsers",
    comment: "Node's built-ins belong behind `#transport`, in src/client/transport-node.ts.",
    from: { path: "^src/(base|wasm|protocol|client)/", pathNot: "^src/client/transport-node[.]ts$" },
    to: { dependencyTypes: ["core"] },
  },
  ...onlyIn.map(({ what, path, places }) => ({
    name: `${what} only in ${places.join(", ")}`,
    comment: "One place to read, test and replace it: import what you need from there.",
    from: { path: "^src/", pathNot: places.map((place) => `^${place}`) },
    to: { path },
  })),
  {
    name: "no cycles",
    comment: "Two files that need each other are one file, or a third one below both.",
    from: {},
    to: { circular: true },
  },
];

export default {
  forbidden: rules.map((rule) => ({ severity: "error", ...rule })),
  options: {
    // Type imports are arrows too.
    tsPreCompilationDeps: true,
    doNotFollow: { path: ["node_modules", "^build/"] },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "require", "node", "default"] },
  },
};
