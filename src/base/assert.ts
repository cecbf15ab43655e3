/** A bug of ours: an invariant does not hold. Never caught to continue. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Apart from `assert`, so that `assert` inlines to a compare and a branch. */
export function fail(message: string): never {
  throw new AssertionFailure(message);
}

/** Pass a literal message: a template literal would allocate on every call, even when the condition holds. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) fail(message);
}
