/** What goes wrong in a command itself; what goes wrong at the broker or with the connection is a BrokerError. */

export type CommandErrorCode =
  /** The command was called wrongly; nothing was done. Ends with exit code 2, all others with 1. */
  | "USAGE"
  /** A signal came before the work was done. */
  | "INTERRUPTED"
  /** The demo's broker did not start, or did not stop in order. */
  | "BROKER_FAILED"
  /** The demo needs a package that is not installed. */
  | "DATA_SETS_MISSING"
  /** What came back is not what was sent. */
  | "VERIFICATION_FAILED";

export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: CommandErrorCode;

  constructor(code: CommandErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** The most common of them. */
export class UsageError extends CommandError {
  constructor(message: string, options?: ErrorOptions) {
    super("USAGE", message, options);
  }
}
