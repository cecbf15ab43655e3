import { expect, test } from "vitest";
import { LeaderEpochs } from "../../src/storage/leader-epochs.ts";

const text = (epochs: LeaderEpochs): string => new TextDecoder().decode(epochs.encode());
const decode = (file: string): LeaderEpochs | null => LeaderEpochs.decode(new TextEncoder().encode(file));

test("A4: the epoch of an offset is the one that began last at or before it", () => {
  const epochs = new LeaderEpochs();
  expect([epochs.last, epochs.epochOf(0)]).toEqual([-1, -1]);
  epochs.begin(2, 0);
  epochs.begin(5, 10);
  expect([0, 9, 10, 99].map((offset) => epochs.epochOf(offset))).toEqual([2, 2, 5, 5]);
  expect(epochs.last).toBe(5);
});

test("A4: an epoch that held no record gives way to the one that begins at its offset", () => {
  const epochs = new LeaderEpochs();
  epochs.begin(2, 0);
  epochs.begin(3, 7);
  epochs.begin(4, 7);
  expect(epochs.entries).toEqual([
    { epoch: 2, startOffset: 0 },
    { epoch: 4, startOffset: 7 },
  ]);
});

test("a cut takes the epochs that began at or above it", () => {
  const epochs = new LeaderEpochs([
    { epoch: 1, startOffset: 0 },
    { epoch: 2, startOffset: 5 },
  ]);
  epochs.truncate(5);
  expect(epochs.last).toBe(1);
});

test("B: the file is Kafka's leader-epoch-checkpoint: a version, a count, an epoch and its start a line", () => {
  const epochs = new LeaderEpochs([
    { epoch: 1, startOffset: 0 },
    { epoch: 4, startOffset: 123_456_789_012 },
  ]);
  expect(text(epochs)).toBe("0\n2\n1 0\n4 123456789012\n");
  expect(decode(text(epochs))?.entries).toEqual(epochs.entries);
});

test("a file that is torn, of another version or out of order is none", () => {
  const whole = "0\n2\n1 0\n4 12\n";
  const torn = [
    "",
    "0",
    "0\n2\n1 0\n",
    "0\n2\n1 0\n4",
    "0\n2\n1 0\n4 1",
    "0\n2\n1 0\n4 12",
    "1\n2\n1 0\n4 12\n",
    "0\n2\n4 0\n1 12\n",
    "0\n2\n1 9\n4 3\n",
    "0\n1\nx y\n",
  ];
  for (const file of torn) expect(decode(file), JSON.stringify(file)).toBeNull();
  expect(decode(whole)?.last).toBe(4);
});
