import { expect, test } from "vitest";
import { checkNewTopicName } from "../../src/broker/topic-name.ts";
import {
  defaultSettings,
  logSettingsOf,
  overridesOf,
  type SettingName,
  settingDefinitions,
  withSettings,
} from "../../src/broker/topic-settings.ts";

const names = Object.keys(settingDefinitions) as SettingName[];

const invalid = (name: string, value: string | null, message: RegExp = /./): void => {
  expect(() => withSettings(defaultSettings, [[name, value]])).toThrow(
    expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringMatching(message) }),
  );
};

test("every setting takes its default and its bounds, is stored as text, and comes back the same", () => {
  for (const name of names) {
    const definition = settingDefinitions[name];
    const values =
      "choices" in definition ? definition.choices : [definition.default, definition.min, definition.max].map(String);
    const durability = name === "retention.bytes" ? "memory" : "disk";
    for (const value of values) {
      const settings = withSettings(defaultSettings, [
        ["durability", durability],
        [name, value],
      ]);
      expect(String(settings[name])).toBe(value);
      expect(withSettings(defaultSettings, Object.entries(overridesOf(settings)))).toEqual(settings);
      if (value === String(definition.default)) expect(Object.keys(overridesOf(settings))).not.toContain(name);
    }
  }
});

test("what is out of bounds, or no number, is refused with the bounds", () => {
  for (const name of names) {
    const definition = settingDefinitions[name];
    if ("choices" in definition) {
      invalid(name, "Disk", /disk, os, memory/);
      continue;
    }
    const wrong = ["", "-1", "1.5", "1e9", "0x10", " 1", "NaN", "Infinity", "9".repeat(400)];
    if (definition.min > 0) wrong.push(String(definition.min - 1));
    if (definition.max < Number.MAX_SAFE_INTEGER) wrong.push(String(definition.max + 1));
    for (const value of wrong) invalid(name, value, new RegExp(`from ${definition.min} to ${definition.max}`));
  }
});

test("an unknown name is refused with the nearest known one; one of Kafka's that is not honoured says so", () => {
  invalid("segment.byte", "1", /did you mean segment\.bytes\?/);
  invalid("max.mesage.bytes", "1", /did you mean max\.message\.bytes\?/);
  invalid("retention.ms", "1", /not honoured/);
  invalid("cleanup.policy", "compact", /not honoured/);
  invalid("something.else.entirely", "1", /^there is no setting "something\.else\.entirely"$/);
});

test("names that every object has are no settings", () => {
  for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
    invalid(name, "1");
    invalid(name, null);
  }
});

test("retention.bytes is honoured in memory only", () => {
  invalid("retention.bytes", String(32 << 20), /memory/);
});

test("each setting that logs obey reaches them", () => {
  const settings = withSettings(defaultSettings, [
    ["durability", "os"],
    ["segment.bytes", "2000"],
    ["segment.ms", "3"],
    ["segment.slots", "131073"],
    ["max.message.bytes", "500"],
    ["message.timestamp.after.max.ms", "6"],
  ]);
  expect(logSettingsOf(settings)).toMatchObject({
    durability: "os",
    segmentBytes: 2000,
    segmentMs: 3,
    segmentSlots: 131_073,
    messageBytesMax: 500,
    timestampAheadMaxMs: 6,
  });
});

test("a topic's name is Kafka's, and not one of ours", () => {
  for (const name of ["a", "A.b-c_d", "x".repeat(249), "...", "_", "a__"])
    expect(() => checkNewTopicName(name)).not.toThrow();
  const wrong = ["", ".", "..", "a/b", "a b", "ä", "a\0b", "../a", "x".repeat(250), "__steps", "__"];
  for (const name of wrong) {
    expect(() => checkNewTopicName(name)).toThrow(expect.objectContaining({ code: "INVALID_TOPIC" }));
  }
});
