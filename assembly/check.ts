/**
 * Traps when the caller broke the contract of an exported function. A bug of the host, never bad input: input is answered
 * with a result code. The built-in `assert` would import `abort` and carry its messages as static data.
 */
export function check(condition: bool): void {
  if (!condition) unreachable();
}
