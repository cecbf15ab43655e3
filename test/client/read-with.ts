/** The three ways to read a consumer, as one. */
import type { Consumer, RecordCursor } from "../../src/client/index.ts";

export type Mode = "forEach" | "batches" | "records";
export const modes: readonly Mode[] = ["forEach", "batches", "records"];

type Visit = (record: Pick<RecordCursor, "partition" | "offset">) => void | Promise<void>;

export async function readWith(consumer: Consumer, mode: Mode, visit: Visit): Promise<void> {
  if (mode === "forEach") await consumer.forEach((record) => void visit(record));
  else if (mode === "records") for await (const record of consumer) await visit(record);
  else for await (const batch of consumer.batches()) for (const record of batch) await visit(record);
}
