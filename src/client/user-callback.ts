/** Calls what a user gave us. What it throws is the user's to see, as an uncaught exception, and disturbs nothing here. */
export function callUser<Arguments extends readonly unknown[]>(
  callback: (...values: Arguments) => void,
  ...values: Arguments
): void {
  try {
    callback(...values);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
