/**
 * The house's own rules, for what the linter and the arrows cannot see. Each has its reason, and its canary in
 * test/tooling/tidy.test.ts.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

interface Rule {
  readonly name: string;
  readonly reason: string;
  /** Paths it applies to, relative to the repository. */
  readonly files: RegExp;
  readonly except?: RegExp;
  /** What no line may hold. Comments are exempt where `code` is set. */
  readonly banned: RegExp;
  readonly code?: true;
}

const linesMax = 600;

const rules: readonly Rule[] = [
  {
    name: "leftover",
    reason: "Finish it, or write down in docs/decisions/ what is missing and when it is due.",
    files: /^(?!package-lock[.]json$)/,
    banned: /\b(TODO|FIXME|XXX)\b/,
  },
  {
    name: "machine path",
    reason: "It exists on one machine only. Derive it from import.meta.dirname, os.tmpdir() or an argument.",
    files: /./,
    banned: /(?<![\w.~-])\/(work|home|root|Users)\/\w/,
  },
  {
    name: "registry address",
    reason:
      "Which registry serves a clone is its owner's choice; a lock file or script that names one breaks the others.",
    files: /./,
    banned:
      /\bregistry\.[a-z0-9-]+\.[a-z]+|\bregistry\.(npmjs|yarnpkg)\b|\b(deb|security|snapshot)\.debian\.org|"resolved":/,
  },
  {
    name: "unexplained skip",
    reason: "A test that cannot run says what it needs, with test/helpers/require.ts; no other is left out.",
    files: /^test\/.*[.]ts$/,
    except: /^test\/(helpers\/require|tooling\/fixtures\/skips\/skips)[.]ts$/,
    banned:
      /\b(it|test|describe|suite|bench)(\.\w+)*\.(skip|skipIf|runIf|todo|only|fails)\b|\b(context|ctx|task)\.skip\(/,
    code: true,
  },
  {
    name: "shared memory in a step function",
    reason: "Contract H3: storage and broker are plain step functions; src/workers/ shares memory and calls them.",
    files: /^src\/(storage|broker)\//,
    banned: /\bAtomics\b/,
    code: true,
  },
  {
    name: "blocking wait",
    reason:
      "The main thread never blocks. Only the code of another thread, src/workers/*-worker.ts and *-thread.ts, may.",
    files: /^src\//,
    except: /^src\/workers\/[\w-]+-(worker|thread)[.]ts$/,
    banned: /\bAtomics\.wait\b/,
    code: true,
  },
  {
    name: "clock or chance in storage",
    reason:
      "Contract H3: the simulation runs this very code, so time (base/clock.ts) and randomness enter as arguments.",
    files: /^src\/storage\//,
    banned:
      /\b(Date\.now|new Date|performance\.now|hrtime|Math\.random|random(UUID|Bytes|Int)|setTimeout|setInterval|setImmediate)\b/,
    code: true,
  },
  {
    name: "end of the process",
    reason:
      "src/main.ts alone ends the process and handles its signals, so that everything else can be embedded and tested.",
    files: /^src\//,
    except: /^src\/main[.]ts$/,
    banned: /\bprocess\.(exit|abort|kill)\(|\bprocess\.on(ce)?\("SIG/,
    code: true,
  },
  {
    name: "file banner",
    reason: "A header says what the module promises. Licence, author and date are in LICENSE and git.",
    files: /[.]ts$/,
    banned: /@(author|license|copyright|file|fileoverview|since)\b|\bCopyright \(|SPDX-License/i,
  },
  {
    name: "section banner",
    reason: "A file that needs sections is two files.",
    files: /[.]ts$/,
    banned: /^\s*(\/\/|\*)\s*[-=*#~─═]{4,}/,
  },
];

/** The rules and their canaries name what they ban. */
const speakOfRules = /^(scripts\/tidy[.]ts|test\/tooling\/tidy[.]test[.]ts)$/;
const notOurs = /^(\.git|node_modules|build|dist|data)$|\/generated$/;

/** @returns one line per violation, "path:line: name: reason"; none for a binary file */
export function violationsIn(path: string, text: string): string[] {
  if (speakOfRules.test(path) || text.includes("\0")) return [];
  const lines = text.split("\n");
  const broken = rules
    .filter(({ files, except }) => files.test(path) && !except?.test(path))
    .flatMap(({ name, reason, banned, code }) =>
      lines.flatMap((line, index) =>
        banned.test(code ? withoutComment(line) : line) ? [`${path}:${index + 1}: ${name}: ${reason}`] : [],
      ),
    );
  const lineCount = lines.length - 1;
  if (path.endsWith(".ts") && lineCount > linesMax) {
    broken.push(`${path}:${lineCount}: long file: One file is one idea; above ${linesMax} lines it is several.`);
  }
  return broken;
}

function withoutComment(line: string): string {
  return /^\s*(\*|\/\*)/.test(line) ? "" : line.replace(/(^|\s)\/\/.*/, "");
}

function filesIn(root: string, folder = ""): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (notOurs.test(path)) return [];
    if (entry.isDirectory()) return filesIn(root, path);
    return entry.isFile() ? [path] : [];
  });
}

if (import.meta.main) {
  const root = join(import.meta.dirname, "..");
  const files = filesIn(root);
  const violations = files.flatMap((path) => violationsIn(path, readFileSync(join(root, path), "utf8")));
  for (const violation of violations) console.error(violation);
  console.log(`tidy: ${files.length} files, ${violations.length} violations`);
  process.exitCode = violations.length === 0 ? 0 : 1;
}
