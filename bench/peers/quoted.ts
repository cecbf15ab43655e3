/** Figures of brokers that no package registry has: measured by others, or by us on another day. They are quoted, not repeated. */

export interface Quoted {
  readonly broker: string;
  readonly what: string;
  readonly figure: string;
}

export const quotedNote = `Apache Iggy and laminarmq, built from source on a machine of this kind (2 processors, 24 GiB) in November 2026 by the
authors of Cambium, with those brokers' own tools. Iggy acknowledges before it writes (1,024 messages or 1 MiB), so its figures belong to
no durability here, and its tool's "latency" is of a whole batch, which is why none is quoted.`;

export const quoted: readonly Quoted[] = [
  {
    broker: "Apache Iggy (August 2026)",
    what: "produce and consume together, 100 B, 1 partition, batches of 1,000",
    figure: "1.07 to 1.24 million records/s",
  },
  { broker: "Apache Iggy (August 2026)", what: "the same, 1 KiB, each way", figure: "355 to 408 MB/s" },
  { broker: "Apache Iggy (August 2026)", what: "produce, 100 B", figure: "1.46 to 1.75 million records/s" },
  { broker: "Apache Iggy (August 2026)", what: "produce, 1 KiB", figure: "552 to 710 MB/s" },
  { broker: "Apache Iggy (August 2026)", what: "consume, 100 B; 1 KiB", figure: "1.96 million records/s; 788 MB/s" },
  {
    broker: "Apache Iggy (August 2026)",
    what: "ready; idle memory; memory after a load",
    figure: "0.27 s; 60 MB; 155 MB",
  },
  {
    broker: "laminarmq, its tokio HTTP example",
    what: "POST of 100 B; of 1 KiB; GET; over 64 connections (wrk)",
    figure: "40,600/s; 34,200/s; 11,100/s; after a kill it answered nothing",
  },
];
