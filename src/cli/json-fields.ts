/** The text of what JSON holds, as it was written: a number that is parsed and printed again may be another. */

const ENDS: readonly string[] = [",", "]", "}"];

export interface Member {
  /** Of a field; "" in an array. */
  readonly name: string;
  readonly text: string;
}

/** @param text a valid JSON object or array */
export function membersOf(text: string): readonly Member[] {
  const members: Member[] = [];
  let depth = 0;
  let name = "";
  /** Where the present member's value begins. */
  let at = 0;
  for (let index = 0; index < text.length; index++) {
    const mark = text[index]!;
    if (mark === '"') index = endOfString(text, index);
    else if (depth === 1 && mark === ":") {
      name = JSON.parse(text.slice(at, index)) as string;
      at = index + 1;
    } else if (depth === 1 && ENDS.includes(mark)) {
      const member = text.slice(at, index).trim();
      if (member !== "") members.push({ name, text: member });
      at = index + 1;
    }
    if (mark === "{" || mark === "[") {
      if (depth === 0) at = index + 1;
      depth++;
    } else if (mark === "}" || mark === "]") {
      depth--;
    }
  }
  return members;
}

/** @returns where its closing quotation mark is */
function endOfString(text: string, start: number): number {
  let at = start;
  do {
    at = text.indexOf('"', at + 1);
  } while (isEscaped(text, at));
  return at;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** @returns of several fields of the name the last one's, as `JSON.parse` has it */
export function fieldText(text: string, name: string): string | undefined {
  return membersOf(text).findLast((member) => member.name === name)?.text;
}
