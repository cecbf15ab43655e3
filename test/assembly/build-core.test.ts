import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildCore, type CompiledCore, compileCoreSources, instanceState } from "../../scripts/build-core.ts";

const buildFolder = join(import.meta.dirname, "../../build");

function compile(source: string): Promise<CompiledCore> {
  return compileCoreSources(new Map([["assembly/index.ts", source]]), "shared");
}

describe("the built core", () => {
  test.each(["shared", "unshared"] as const)("holds no state of its own, %s", async (variant) => {
    await buildCore();
    const wat = readFileSync(join(buildFolder, `core-${variant}.wat`), "utf8");
    expect(wat).toContain('(export "checkBatch"');
    expect(instanceState(wat)).toEqual([]);
  });

  test("is not built again while nothing changed", async () => {
    await buildCore();
    expect(await buildCore()).toBe(false);
  });
});

describe("state in a core is found:", () => {
  test.each([
    ["static data", 'export function f(): usize { return changetype<usize>("text"); }'],
    ["static data", "export function f(): usize { return memory.data<u32>([1, 2, 3]); }"],
    ["mutable global", "let counter: i32 = 0; export function f(): i32 { return ++counter; }"],
    ["import other than the memory", "declare function now(): f64; export function f(): f64 { return now(); }"],
    ["growth of the host's memory", "export function f(): i32 { return memory.grow(1); }"],
    ["mutable global", "export function f(size: i32): usize { return heap.alloc(size); }"],
    [
      "table",
      "export function f(g: (a: i32) => i32): i32 { return g(1); } export function h(): i32 { return f((a) => a); }",
    ],
  ])("%s", async (kind, source) => {
    const { wat } = await compile(source);
    expect(instanceState(wat).some((line) => line.startsWith(kind))).toBe(true);
  });

  test("a pure function has none", async () => {
    const { wat } = await compile("export function f(at: usize): u32 { return load<u32>(at); }");
    expect(instanceState(wat)).toEqual([]);
  });
});

test("a core that does not compile says why", async () => {
  await expect(compile("export function f(): u32 { return x; }")).rejects.toThrow("Cannot find name 'x'");
});
