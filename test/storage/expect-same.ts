import { isDeepStrictEqual } from "node:util";
import { expect } from "vitest";

/** `expect(actual, about).toEqual(expected)`, quick where it holds: enumerations ask a hundred thousand times. */
export function expectSame(actual: unknown, expected: unknown, about: string): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, about).toStrictEqual(expected);
}
