/** What the README shows works, and what it quotes was measured. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { quotedInReadme, readmeFile, resultsFile } from "../../bench/canonical/readme.ts";
import { markdownRows, type Row } from "../../bench/canonical/row.ts";
import { startBroker } from "../../src/index.ts";

const root = dirname(readmeFile);
const readme = readFileSync(readmeFile, "utf8");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

const examples = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code!);

test("there are examples", () => expect(examples.length).toBeGreaterThan(2));

test.each(examples)("example: %s", async (code) => {
  await using broker = await disposable();
  const here = code.replaceAll("127.0.0.1:4500", `127.0.0.1:${broker.port}`);
  const { promise, resolve } = Promise.withResolvers<{ status: number | null; stderr: string }>();
  // Not in this process's turn: its broker must answer meanwhile.
  const child = spawn(process.execPath, ["--input-type=module", "--eval", here], { cwd: root });
  let stderr = "";
  child.stderr.on("data", (data) => {
    stderr += String(data);
  });
  child.on("exit", (status) => resolve({ status, stderr }));
  expect(await promise).toEqual({ status: 0, stderr: "" });
});

test("every npm script and file that it names exists", () => {
  const named = [...readme.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name!);
  expect(named.filter((name) => !(name in scripts))).toEqual([]);
  const files = [...readme.matchAll(/\]\(((?!https?:)[^)#]+)\)/g)].map(([, path]) => path!);
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test("the commands it shows are ones that the program has", () => {
  const commands = [...readme.matchAll(/npm run -s cambium -- (\w+)/g)].map(([, name]) => name!);
  expect(commands.length).toBeGreaterThan(4);
  for (const command of new Set(commands)) {
    const { status } = spawnSync(process.execPath, [join(root, "src/main.ts"), command, "--help"]);
    expect({ command, status }).toEqual({ command, status: 0 });
  }
});

test("its table is that of the results", () => {
  const rows = JSON.parse(readFileSync(resultsFile, "utf8")) as Row[];
  expect(quotedInReadme()).toContain(markdownRows(rows));
});

async function disposable(): Promise<{ port: number } & AsyncDisposable> {
  const broker = await startBroker({ data: "temporary", port: 0 });
  return { port: broker.port, [Symbol.asyncDispose]: () => broker.close() };
}
