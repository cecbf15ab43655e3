/** `frame_bytes_max` is `frameBytesMax`, as flatc names its accessors. */
export function camelCase(name: string): string {
  return name.replace(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** @returns the first lines of a generated file */
export function generatedHeader(what: string): string[] {
  const origin = "Generated from schemas/cambium.fbs by scripts/generate-protocol.ts; never edited.";
  return ["/**", ` * ${what}`, ` * ${origin}`, " */"];
}
